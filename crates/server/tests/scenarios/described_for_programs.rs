//! `/openapi.json` says what the server does.

use axum::http::Method;
use serde_json::{Map, Value};

use super::common::rest::Rest;
use super::common::{APP, start};

/// Every operation: method, path with a number in place of its parameter, description.
pub(crate) fn operations(description: &Value) -> Vec<(Method, String, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    let methods = paths.iter().flat_map(|(path, item)| {
        let path = path.replace("{id}", "102");
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| {
            let method = method.to_uppercase().parse().unwrap();
            (method, path.clone(), operation)
        })
    });
    methods.collect()
}

pub(crate) fn resolved<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(place) => description
            .pointer(place.strip_prefix('#').unwrap())
            .unwrap(),
        None => value,
    }
}

/// Fails where an answer has not what its schema promises.
pub(crate) fn check(description: &Value, schema: &Value, body: &Value, place: &str) {
    let schema = resolved(description, schema);
    if body.is_null() && allows_null(schema) {
        return;
    }
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            !body[name.as_str().unwrap()].is_null()
                || allows_null(&properties[name.as_str().unwrap()]),
            "{place}: {name} is missing in {body}"
        );
    }
    for (name, value) in body.as_object().unwrap_or(&none) {
        if let Some(inner) = properties.get(name) {
            check(description, inner, value, &format!("{place}/{name}"));
        } else {
            assert!(properties.is_empty(), "{place}: {name} is not described");
        }
    }
    if let Some(items) = schema.get("items") {
        for (at, item) in body.as_array().unwrap().iter().enumerate() {
            check(description, items, item, &format!("{place}/{at}"));
        }
    }
}

fn allows_null(schema: &Value) -> bool {
    schema["type"] == "null"
        || schema["type"]
            .as_array()
            .is_some_and(|types| types.iter().any(|kind| kind == "null"))
}

#[tokio::test]
async fn what_is_described_is_answered_as_described() {
    let description = start().await.rest(APP).get("/openapi.json").await.body;
    let operations = operations(&description);
    assert!(operations.len() > 20);
    let mut running = start().await;
    for (method, path, operation) in operations {
        let anybody = running.rest(APP);
        let place = format!("{method} {path}");
        let open = operation["security"].as_array().is_some_and(Vec::is_empty);
        if !open {
            let answer = anybody.send(method.clone(), &path, &[]).await;
            assert_eq!(answer.status, 401, "{place} without a session");
            let schema = &description["components"]["schemas"]["Errors"];
            check(&description, schema, &answer.body, &place);
        }
        let answer = ask(
            &running.rest(APP).logged_in(102).await,
            &method,
            &path,
            operation,
        )
        .await;
        let described = resolved(
            &description,
            &operation["responses"][answer.status.to_string()],
        );
        assert!(
            !described.is_null(),
            "{place}: {} is not described",
            answer.status
        );
        let schema = &described["content"]["application/json"]["schema"];
        check(&description, schema, &answer.body, &place);
        if method == Method::DELETE && path.starts_with("/users/") {
            // Whoever asked has deleted himself.
            running = start().await;
        }
    }
}

/// Asks with the parameters that the description requires.
async fn ask(
    rest: &Rest,
    method: &Method,
    path: &str,
    operation: &Value,
) -> super::common::rest::Answer {
    let required = operation["parameters"].as_array().into_iter().flatten();
    let query = required
        .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
        .map(|parameter| format!("{}=user102", parameter["name"].as_str().unwrap()))
        .collect::<Vec<_>>()
        .join("&");
    rest.send(method.clone(), &format!("{path}?{query}"), &[])
        .await
}
