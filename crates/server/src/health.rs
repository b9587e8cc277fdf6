//! Whether the server works, for those who watch it and those who send it
//! clients.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::time;

use crate::account::ApiError;
use crate::store::{StoreError, StoreThread};
use crate::tasks::Tasks;

/// How long the database may take before the server counts as not ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) store: StoreThread,
    pub(crate) tasks: Tasks,
}

/// The routes; the same on every HTTP listener.
pub(crate) fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .with_state(Arc::new(health))
}

/// `GET /healthz`: 200 as long as the database answers.
async fn healthy(State(health): State<Arc<Health>>) -> Result<Json<Value>, ApiError> {
    health.store.read(|store| store.check()).await?;
    Ok(Json(json!({"status": "ok"})))
}

/// `GET /readyz`: 200 as long as the database answers soon and the server
/// stays; 503 when clients had better go elsewhere.
async fn ready(State(health): State<Arc<Health>>) -> (StatusCode, Json<Value>) {
    let (status, text) = if health.tasks.is_closing() {
        (StatusCode::SERVICE_UNAVAILABLE, "shutting down")
    } else if health.database_answers().await {
        (StatusCode::OK, "ready")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer",
        )
    };
    (status, Json(json!({"status": text})))
}

impl Health {
    async fn database_answers(&self) -> bool {
        let check = self.store.read::<_, StoreError>(|store| store.check());
        match time::timeout(PATIENCE, check).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(%error, "not ready");
                false
            }
            Err(_) => {
                tracing::error!("not ready: the database takes too long");
                false
            }
        }
    }
}
