//! Applications: listing, adding, changing and removing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Admin;
use super::body::{Body, missing};
use super::error::AdminError;
use crate::clock::UnixTime;
use crate::store::{Application, ApplicationId, NewApplication, Secret};

/// The application of a path.
pub(super) fn id(text: &str) -> Result<ApplicationId, AdminError> {
    let id = text
        .parse()
        .map_err(|_| AdminError::no_such("application"))?;
    Ok(ApplicationId(id))
}

/// An application without its secret.
fn shown(application: &Application) -> Value {
    json!({
        "id": application.id.0,
        "key": application.key,
        "sign_up": application.sign_up,
        "created_at": application.created_at.to_string(),
    })
}

/// `GET /applications`.
pub(super) async fn list(State(admin): State<Arc<Admin>>) -> Result<Json<Value>, AdminError> {
    let applications = admin
        .store
        .read(|store| store.applications().map_err(AdminError::from))
        .await?;
    let applications: Vec<_> = applications.iter().map(shown).collect();
    Ok(Json(json!({"applications": applications})))
}

/// `POST /applications`. The only answer that has the secret.
pub(super) async fn add(
    State(admin): State<Arc<Admin>>,
    mut body: Body,
) -> Result<(StatusCode, Json<Value>), AdminError> {
    let new = NewApplication {
        id: body.number("id")?.map(ApplicationId),
        key: body.text("key")?,
        secret: body.text("secret")?.map(Secret::new),
        sign_up: body.flag("sign_up")?.unwrap_or(false),
    };
    body.finish()?;
    let made = admin
        .store
        .run(move |store| {
            store
                .add_application(&new, UnixTime::now())
                .map_err(AdminError::from)
        })
        .await?;
    tracing::info!(application = made.id.0, "the operator added an application");
    let mut answer = shown(&made);
    answer["secret"] = Value::from(made.secret.reveal());
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `PATCH /applications/{application}`.
pub(super) async fn update(
    State(admin): State<Arc<Admin>>,
    Path(application): Path<String>,
    mut body: Body,
) -> Result<Json<Value>, AdminError> {
    let application = id(&application)?;
    let sign_up = body.flag("sign_up")?.ok_or_else(|| missing("sign_up"))?;
    body.finish()?;
    let changed = admin
        .store
        .run(move |store| {
            store.set_sign_up(application, sign_up)?;
            store.application(application).map_err(AdminError::from)
        })
        .await?
        .ok_or_else(|| AdminError::no_such("application"))?;
    tracing::info!(
        application = application.0,
        sign_up,
        "the operator changed an application"
    );
    Ok(Json(shown(&changed)))
}

/// `DELETE /applications/{application}`. Its users go with it.
pub(super) async fn remove(
    State(admin): State<Arc<Admin>>,
    Path(application): Path<String>,
) -> Result<StatusCode, AdminError> {
    let application = id(&application)?;
    let removed = admin
        .store
        .run(move |store| {
            store
                .remove_application(application)
                .map_err(AdminError::from)
        })
        .await?;
    if !removed {
        return Err(AdminError::no_such("application"));
    }
    admin.directory.end_application(application);
    tracing::info!(
        application = application.0,
        "the operator removed an application"
    );
    Ok(StatusCode::NO_CONTENT)
}
