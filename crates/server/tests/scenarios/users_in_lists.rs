//! Pages, filters and orders of lists (wire format section 1.3).

use serde_json::json;

use crate::common::rest::Answer;
use crate::common::{APP, start};

fn ids(answer: &Answer) -> Vec<u64> {
    let items = answer.body["items"].as_array();
    let items = items.unwrap_or_else(|| panic!("{}", answer.text)).iter();
    items
        .map(|item| item["user"]["id"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn pages_have_bounds() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let list = async |query: &str| rest.get(&format!("/users.json?{query}")).await;
    let most = list("per_page=1000").await;
    assert_eq!(
        (&most.body["per_page"], ids(&most)),
        (&json!(100), vec![101, 102, 103])
    );
    let beyond = list("page=4294967295&per_page=100").await;
    assert_eq!(
        (&beyond.body["total_entries"], ids(&beyond)),
        (&json!(3), vec![])
    );
    assert_eq!(ids(&list("page=2&per_page=1").await), [102]);
    for name in ["page", "per_page"] {
        for wrong in ["0", "-1", "4294967296", "x", "1.5", "1;2", "%00"] {
            let told = json!({"errors": {name: ["is not a number of 1 or more"]}});
            let answer = list(&format!("{name}={wrong}")).await;
            assert_eq!(answer.parts(), (422, told), "{name}={wrong}");
        }
    }
}

#[tokio::test]
async fn every_filter_and_every_order() {
    let running = start().await;
    for (user, name) in [(101, "Cat"), (102, "Ann"), (103, "Bob")] {
        let rest = running.rest(APP).logged_in(user).await;
        let changed = rest
            .put(&format!("/users/{user}.json"), &[("user[full_name]", name)])
            .await;
        assert_eq!(changed.status, 200);
    }
    let rest = running.rest(APP).logged_in(101).await;
    let list = async |query: &str| {
        let query = query.replace(' ', "%20").replace(',', "%2C");
        rest.get(&format!("/users.json?{query}")).await
    };
    for (query, expected) in [
        ("filter[]=number id eq 102", &[102_u64][..]),
        ("filter[]=number id ne 102", &[101, 103]),
        ("filter[]=number id lt 102", &[101]),
        ("filter[]=number id le 102", &[101, 102]),
        ("filter[]=number id gt 102", &[103]),
        ("filter[]=number id ge 102", &[102, 103]),
        ("filter[]=number id in 103,101,999", &[101, 103]),
        ("filter[]=number id between 102,103", &[102, 103]),
        // The type word means nothing.
        ("filter[]=string id in 103", &[103]),
        ("filter[]=date created_at gt 2020-01-01", &[101, 102, 103]),
        ("filter[]=date created_at lt 2020-01-01", &[]),
        ("filter[]=string full_name eq Ann", &[102]),
        (
            "filter[]=number id gt 101&filter[]=string full_name ne Bob",
            &[102],
        ),
        ("filter=number id eq 103", &[103]),
        ("order=asc string full_name", &[102, 103, 101]),
        ("order=desc string full_name", &[101, 103, 102]),
        ("order=desc number id", &[103, 102, 101]),
        ("order=desc date created_at", &[101, 102, 103]),
    ] {
        assert_eq!(ids(&list(query).await), expected, "{query}");
    }
    for (query, field, problem) in [
        (
            "filter[]=number password eq x",
            "filter",
            "names an unknown field",
        ),
        (
            "filter[]=number id like 1",
            "filter",
            "has an unknown comparison",
        ),
        (
            "filter[]=id",
            "filter",
            "has to be a type, a field, a comparison and values",
        ),
        (
            "order=up number id",
            "order",
            "has to start with asc or desc",
        ),
        ("order=desc", "order", "has to name a field"),
        (
            "order=desc string password",
            "order",
            "names an unknown field",
        ),
    ] {
        let told = json!({"errors": {field: [problem]}});
        assert_eq!(list(query).await.parts(), (422, told), "{query}");
    }
    let many = ["filter[]=number id gt 1"; 11].join("&");
    assert_eq!(list(&many).await.status, 422);
    let values = ["1"; 201].join(",");
    assert_eq!(
        list(&format!("filter[]=number id in {values}"))
            .await
            .status,
        422
    );
}
