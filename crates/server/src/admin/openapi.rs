//! `/openapi.json`: the admin interface, described for programs (OpenAPI 3.1).

use axum::http::header;
use axum::response::IntoResponse;

const DESCRIPTION: &str = include_str!("openapi.json");

/// `GET /openapi.json`.
pub(super) async fn description() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let code = [include_str!("mod.rs"), include_str!("../health.rs")];
        let routes = code.iter().flat_map(|code| code.split(".route(").skip(1));
        let routes = routes.map(|code| code.split('"').nth(1).unwrap());
        let mut routes: Vec<_> = routes.collect();
        let description: serde_json::Value = serde_json::from_str(DESCRIPTION).unwrap();
        let described = description["paths"].as_object().unwrap().keys();
        let described = described.map(|path| path.trim_end_matches(".json"));
        let mut described: Vec<_> = described.collect();
        routes.sort_unstable();
        described.sort_unstable();
        assert_eq!(described, routes);
    }
}
