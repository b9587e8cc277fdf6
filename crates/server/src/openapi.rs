//! `/openapi.json`: an interface, described for programs (OpenAPI 3.1).

use axum::http::header;
use axum::routing::{MethodRouter, get};

/// Answers `GET /openapi.json` with a description.
pub(crate) fn described<S>(description: &'static str) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    get(async move || ([(header::CONTENT_TYPE, "application/json")], description))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    /// Fails where the routes in the code and the described paths differ.
    fn check(code: &str, description: &str) {
        let code = [code, include_str!("health.rs")];
        let routes = code.iter().flat_map(|code| code.split(".route(").skip(1));
        let routes = routes.map(|code| code.split('"').nth(1).unwrap().to_owned());
        let description: serde_json::Value = serde_json::from_str(description).unwrap();
        let described = description["paths"].as_object().unwrap().keys();
        let described = described.map(|path| match path.strip_suffix(".json") {
            Some(short) if !path.starts_with("/.well-known") => short.to_owned(),
            _ => path.clone(),
        });
        let sorted = |paths: Vec<String>| {
            let mut paths = paths;
            paths.sort();
            paths.dedup();
            paths
        };
        assert_eq!(sorted(described.collect()), sorted(routes.collect()));
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        check(
            include_str!("account/mod.rs"),
            include_str!("account/openapi.json"),
        );
        check(
            include_str!("admin/mod.rs"),
            include_str!("admin/openapi.json"),
        );
    }
}
