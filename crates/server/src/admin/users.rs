//! Users: listing, adding, importing, changing and removing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task;
use visavis_signal::UserId;

use super::Admin;
use super::applications;
use super::body::{self, Body, missing};
use super::error::AdminError;
use crate::account::json::user_fields;
use crate::clock::UnixTime;
use crate::store::{
    ApplicationId, Comparison, Condition, Import, NewUser, Search, User, UserField,
};

/// Users on a page unless fewer are asked for.
const PAGE: u32 = 1000;

/// Largest CSV text, in bytes.
const MAX_CSV: usize = 16 * 1024 * 1024;

/// What part of a list is wanted.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    /// Users with a larger number.
    after: Option<String>,
    /// How many.
    limit: Option<String>,
}

/// The user of a path.
pub(super) fn ids(
    (application, user): &(String, String),
) -> Result<(ApplicationId, UserId), AdminError> {
    let application = applications::id(application)?;
    let user = user.parse().map_err(|_| AdminError::no_such("user"))?;
    Ok((application, UserId(user)))
}

/// `GET /applications/{application}/users`: by number, a page at a time.
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Path(application): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<Value>, AdminError> {
    let application = applications::id(&application)?;
    let number = |name: &str, text: Option<String>, default| match text {
        None => Ok(default),
        Some(text) => text
            .parse::<u32>()
            .map_err(|_| AdminError::Field(name.to_owned(), format!("{name} has to be a number"))),
    };
    let after = number("after", part.after, 0)?;
    let limit = number("limit", part.limit, PAGE)?.clamp(1, PAGE);
    let search = Search {
        conditions: vec![Condition {
            field: UserField::Id,
            comparison: Comparison::Greater,
            values: vec![after.to_string()],
        }],
        per_page: limit,
        ..Search::default()
    };
    let page = admin
        .store
        .read(move |store| {
            if store.application(application)?.is_none() {
                return Err(AdminError::no_such("application"));
            }
            store
                .search_users(application, &search)
                .map_err(AdminError::from)
        })
        .await?;
    let more = page.total > page.users.len() as u64;
    let users: Vec<_> = page.users.iter().map(user_fields).collect();
    Ok(Json(json!({"users": users, "more": more})))
}

/// `POST /applications/{application}/users`.
pub(super) async fn add(
    State(admin): State<Arc<Admin>>,
    Path(application): Path<String>,
    mut body: Body,
) -> Result<(StatusCode, Json<Value>), AdminError> {
    let application = applications::id(&application)?;
    let id = body.number("id")?.map(UserId);
    let login = body.text("login")?.ok_or_else(|| missing("login"))?;
    let password = body.text("password")?.ok_or_else(|| missing("password"))?;
    let profile = body.profile()?;
    body.finish()?;
    let new = NewUser {
        id,
        login,
        password: admin.gate.hash(password).await??,
        profile,
    };
    let user = admin
        .store
        .run(move |store| {
            store
                .add_user(application, &new, UnixTime::now())
                .map_err(AdminError::from)
        })
        .await?;
    tracing::info!(
        application = application.0,
        user = user.id.0,
        "the operator added a user"
    );
    Ok((StatusCode::CREATED, Json(user_fields(&user))))
}

/// `POST /applications/{application}/import`: users from a CSV text, all of
/// them or none.
pub(super) async fn import(
    State(admin): State<Arc<Admin>>,
    Path(application): Path<String>,
    request: Request,
) -> Result<Json<Value>, AdminError> {
    let application = applications::id(&application)?;
    let bytes = body::read(request, &admin, MAX_CSV).await?;
    let text = String::from_utf8(bytes.into())
        .map_err(|_| AdminError::Unacceptable("the text is not UTF-8".to_owned()))?;
    // Hashing takes long; the database does not wait for it.
    let import = task::spawn_blocking(move || Import::read(&text))
        .await
        .map_err(|error| AdminError::Internal(error.to_string()))??;
    let added = admin
        .store
        .run(move |store| {
            store
                .add_users(application, &import, UnixTime::now())
                .map_err(AdminError::from)
        })
        .await?;
    tracing::info!(
        application = application.0,
        added,
        "the operator imported users"
    );
    Ok(Json(json!({"added": added})))
}

/// The user of these numbers.
pub(super) async fn existing(
    admin: &Admin,
    application: ApplicationId,
    user: UserId,
) -> Result<User, AdminError> {
    admin
        .store
        .read(move |store| store.user(application, user).map_err(AdminError::from))
        .await?
        .ok_or_else(|| AdminError::no_such("user"))
}

/// `GET /applications/{application}/users/{user}`.
pub(super) async fn show(
    State(admin): State<Arc<Admin>>,
    Path(path): Path<(String, String)>,
) -> Result<Json<Value>, AdminError> {
    let (application, user) = ids(&path)?;
    let user = existing(&admin, application, user).await?;
    Ok(Json(user_fields(&user)))
}

/// `PATCH /applications/{application}/users/{user}`. A new password ends the
/// user's sessions and streams.
pub(super) async fn update(
    State(admin): State<Arc<Admin>>,
    Path(path): Path<(String, String)>,
    mut body: Body,
) -> Result<Json<Value>, AdminError> {
    let (application, id) = ids(&path)?;
    let password = body.text("password")?;
    let changes = body.profile()?;
    body.finish()?;
    let password = match password {
        Some(password) => Some(admin.gate.hash(password).await??),
        None => None,
    };
    let new_password = password.is_some();
    let user = admin
        .store
        .run(move |store| {
            let now = UnixTime::now();
            let user = store.update_user(application, id, &changes, password.as_ref(), now)?;
            if password.is_some() {
                for (token, _) in store.sessions_of(application, id)? {
                    store.end_session(&token)?;
                }
            }
            Ok::<_, AdminError>(user)
        })
        .await?;
    if new_password {
        admin.directory.end_user(application, id);
    }
    tracing::info!(
        application = application.0,
        user = id.0,
        new_password,
        "the operator changed a user"
    );
    Ok(Json(user_fields(&user)))
}

/// `DELETE /applications/{application}/users/{user}`.
pub(super) async fn remove(
    State(admin): State<Arc<Admin>>,
    Path(path): Path<(String, String)>,
) -> Result<StatusCode, AdminError> {
    let (application, user) = ids(&path)?;
    let removed = admin
        .store
        .run(move |store| {
            store
                .remove_user(application, user)
                .map_err(AdminError::from)
        })
        .await?;
    if !removed {
        return Err(AdminError::no_such("user"));
    }
    admin.directory.end_user(application, user);
    tracing::info!(
        application = application.0,
        user = user.0,
        "the operator removed a user"
    );
    Ok(StatusCode::NO_CONTENT)
}
