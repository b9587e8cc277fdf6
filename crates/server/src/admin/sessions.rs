//! The sessions and chat streams of a user: listing and ending.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use visavis_signal::UserId;

use super::Admin;
use super::error::AdminError;
use super::users::{existing, ids};
use crate::store::{ApplicationId, Session, TokenHash};

async fn stored(
    admin: &Admin,
    application: ApplicationId,
    user: UserId,
) -> Result<Vec<(TokenHash, Session)>, AdminError> {
    existing(admin, application, user).await?;
    admin
        .store
        .read(move |store| {
            store
                .sessions_of(application, user)
                .map_err(AdminError::from)
        })
        .await
}

/// `GET /applications/{application}/users/{user}/sessions`: the sessions, and
/// the streams that are open.
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Path(path): Path<(String, String)>,
) -> Result<Json<Value>, AdminError> {
    let (application, user) = ids(&path)?;
    let stored = stored(&admin, application, user).await?;
    let sessions: Vec<_> = stored
        .iter()
        .map(|(_, session)| {
            json!({
                "id": session.id,
                "created_at": session.created_at.to_string(),
                "used_at": session.used_at.to_string(),
            })
        })
        .collect();
    let streams: Vec<_> = admin
        .directory
        .streams(application, user)
        .into_iter()
        .map(|stream| {
            let by = stream.session.and_then(|by| {
                let mut sessions = stored.iter();
                sessions.find(|(token, _)| *token == by)
            });
            json!({
                "resource": &*stream.resource,
                "connected": stream.connected,
                "session": by.map(|(_, session)| session.id),
            })
        })
        .collect();
    Ok(Json(json!({"sessions": sessions, "streams": streams})))
}

async fn end_sessions(
    admin: &Admin,
    sessions: Vec<(TokenHash, Session)>,
) -> Result<(), AdminError> {
    let tokens: Vec<_> = sessions.into_iter().map(|(token, _)| token).collect();
    let ended = tokens.clone();
    admin
        .store
        .run(move |store| {
            for token in &ended {
                store.end_session(token)?;
            }
            Ok::<_, AdminError>(())
        })
        .await?;
    for token in &tokens {
        admin.directory.end_session(token);
    }
    Ok(())
}

/// `DELETE /applications/{application}/users/{user}/sessions`: all sessions
/// and all streams, those by password too.
pub(super) async fn end_all(
    State(admin): State<Arc<Admin>>,
    Path(path): Path<(String, String)>,
) -> Result<StatusCode, AdminError> {
    let (application, user) = ids(&path)?;
    let sessions = stored(&admin, application, user).await?;
    end_sessions(&admin, sessions).await?;
    admin.directory.end_user(application, user);
    tracing::info!(
        application = application.0,
        user = user.0,
        "the operator ended all sessions of a user"
    );
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /applications/{application}/users/{user}/sessions/{session}`: one
/// session and the streams that it opened.
pub(super) async fn end(
    State(admin): State<Arc<Admin>>,
    Path((application, user, session)): Path<(String, String, String)>,
) -> Result<StatusCode, AdminError> {
    let (application, user) = ids(&(application, user))?;
    let mut sessions = stored(&admin, application, user).await?;
    sessions.retain(|(_, found)| found.id.to_string() == session);
    if sessions.is_empty() {
        return Err(AdminError::no_such("session"));
    }
    end_sessions(&admin, sessions).await?;
    tracing::info!(
        application = application.0,
        user = user.0,
        "the operator ended a session"
    );
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /applications/{application}/users/{user}/streams/{resource}`: the
/// stream alone; its client may come back.
pub(super) async fn end_stream(
    State(admin): State<Arc<Admin>>,
    Path((application, user, resource)): Path<(String, String, String)>,
) -> Result<StatusCode, AdminError> {
    let (application, user) = ids(&(application, user))?;
    if !admin.directory.end_stream(application, user, &resource) {
        return Err(AdminError::no_such("stream"));
    }
    tracing::info!(
        application = application.0,
        user = user.0,
        "the operator ended a stream"
    );
    Ok(StatusCode::NO_CONTENT)
}
