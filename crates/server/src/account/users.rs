//! `/users.json`: creating, finding, changing and deleting users (wire format
//! section 1.3).
//!
//! Users of other applications do not exist here. Users change and delete
//! themselves only; everything else is the operator's.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::Value;
use visavis_signal::UserId;

use super::caller::Caller;
use super::error::ApiError;
use super::fields::Fields;
use super::session::DONE;
use super::{Accounts, Claim, find, json};
use crate::accept::Peer;
use crate::clock::UnixTime;
use crate::store::{
    ApplicationId, Comparison, Condition, NewUser, PasswordHash, Profile, Store, StoreError, User,
    UserField,
};

/// Shortest password that a user may choose, in characters.
const MIN_PASSWORD: usize = 8;

/// `POST /users.json`.
pub(super) async fn create(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let application = caller.application(&accounts).await?;
    if !application.sign_up {
        return Err(ApiError::Forbidden(
            "Forbidden. Sign-up is closed for this application.",
        ));
    }
    let login = fields
        .get("user[login]")
        .or_else(|| fields.get("user[email]"))
        .ok_or_else(|| ApiError::Invalid("login", "can't be blank".to_owned()))?
        .to_owned();
    let password =
        new_password(&accounts, fields.get("user[password]").unwrap_or_default()).await?;
    let new = NewUser {
        id: None,
        login,
        password,
        profile: profile(&fields),
    };
    let user = accounts
        .store
        .run(move |store| {
            store
                .add_user(application.id, &new, UnixTime::now())
                .map_err(ApiError::from)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(json::user(&user))).into_response())
}

/// Hashes a password that a user has chosen.
async fn new_password(accounts: &Accounts, password: &str) -> Result<PasswordHash, ApiError> {
    if (1..MIN_PASSWORD).contains(&password.chars().count()) {
        return Err(ApiError::Invalid(
            "password",
            format!("is too short (minimum is {MIN_PASSWORD} characters)"),
        ));
    }
    Ok(accounts.gate.hash(password.to_owned()).await??)
}

/// The fields of `user[..]` that users may set; others are ignored.
pub(super) fn profile(fields: &Fields) -> Profile {
    let mut profile = Profile::new();
    for (name, value) in fields.members("user") {
        // An element of an array is called `tag_list][`.
        let (name, element) = match name.strip_suffix("][") {
            Some(array) => (array, true),
            None => (name, false),
        };
        let Some(field) = UserField::named(name).filter(|field| field.is_settable()) else {
            continue;
        };
        let value = value.map(str::to_owned);
        match profile.get_mut(&field) {
            Some(Some(list)) if element => {
                list.push(',');
                list.push_str(&value.unwrap_or_default());
            }
            _ => {
                profile.insert(field, value);
            }
        }
    }
    profile
}

/// `GET /users.json`.
pub(super) async fn list(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    fields: Fields,
) -> Result<Json<Value>, ApiError> {
    search(&accounts, &caller, &fields, None).await
}

/// `GET /users/by_full_name.json`.
pub(super) async fn by_full_name(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    fields: Fields,
) -> Result<Json<Value>, ApiError> {
    let condition = Condition {
        field: UserField::FullName,
        comparison: Comparison::Equal,
        values: fields
            .get("full_name")
            .map(str::to_owned)
            .into_iter()
            .collect(),
    };
    search(&accounts, &caller, &fields, Some(condition)).await
}

/// `GET /users/by_tags.json`.
pub(super) async fn by_tags(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    fields: Fields,
) -> Result<Json<Value>, ApiError> {
    let condition = Condition {
        field: UserField::Tags,
        comparison: Comparison::HasWord,
        values: fields
            .all("tags[]")
            .chain(fields.get("tags"))
            .flat_map(|tags| tags.split(','))
            .map(str::to_owned)
            .collect(),
    };
    search(&accounts, &caller, &fields, Some(condition)).await
}

async fn search(
    accounts: &Accounts,
    caller: &Caller,
    fields: &Fields,
    condition: Option<Condition>,
) -> Result<Json<Value>, ApiError> {
    caller.check_reader(accounts).await?;
    if caller.session.user.is_some() {
        caller.member(accounts).await?;
    }
    let mut search = find::search(fields)?;
    search.conditions.extend(condition);
    let application = caller.session.application;
    let (search, page) = accounts
        .store
        .read(move |store| {
            let page = store.search_users(application, &search)?;
            Ok::<_, ApiError>((search, page))
        })
        .await?;
    Ok(Json(json::page(&search, &page)))
}

/// `GET /users/{id}.json`.
pub(super) async fn show(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.check_reader(&accounts).await?;
    let user = existing(&accounts, &caller, &id).await?;
    Ok(Json(json::user(&user)))
}

/// The user of this id in the caller's application.
async fn existing(accounts: &Accounts, caller: &Caller, id: &str) -> Result<User, ApiError> {
    let id = UserId(id.parse().map_err(|_| ApiError::NotFound)?);
    find(accounts, caller, move |store, application| {
        store.user(application, id)
    })
    .await
}

/// The user that is found in the caller's application, if the caller may know
/// of him.
async fn find(
    accounts: &Accounts,
    caller: &Caller,
    find: impl FnOnce(&Store, ApplicationId) -> Result<Option<User>, StoreError> + Send + 'static,
) -> Result<User, ApiError> {
    let (application, viewer) = (caller.session.application, caller.session.user);
    accounts
        .store
        .read(move |store| {
            let Some(user) = find(store, application)? else {
                return Ok(None);
            };
            let seen = store.is_seen_by(application, user.id, viewer)?;
            Ok::<_, ApiError>(seen.then_some(user))
        })
        .await?
        .ok_or(ApiError::NotFound)
}

/// `GET /users/by_login.json`.
pub(super) async fn by_login(
    accounts: State<Arc<Accounts>>,
    caller: Extension<Caller>,
    fields: Fields,
) -> Result<Json<Value>, ApiError> {
    by_field(&accounts, &caller, UserField::Login, fields.get("login")).await
}

/// `GET /users/by_email.json`.
pub(super) async fn by_email(
    accounts: State<Arc<Accounts>>,
    caller: Extension<Caller>,
    fields: Fields,
) -> Result<Json<Value>, ApiError> {
    by_field(&accounts, &caller, UserField::Email, fields.get("email")).await
}

/// `GET /users/by_facebook_id.json`.
pub(super) async fn by_facebook_id(
    accounts: State<Arc<Accounts>>,
    caller: Extension<Caller>,
    fields: Fields,
) -> Result<Json<Value>, ApiError> {
    let id = fields.get("facebook_id");
    by_field(&accounts, &caller, UserField::FacebookId, id).await
}

/// `GET /users/by_twitter_id.json`.
pub(super) async fn by_twitter_id(
    accounts: State<Arc<Accounts>>,
    caller: Extension<Caller>,
    fields: Fields,
) -> Result<Json<Value>, ApiError> {
    let id = fields.get("twitter_id");
    by_field(&accounts, &caller, UserField::TwitterId, id).await
}

/// `GET /users/phone.json`.
pub(super) async fn by_phone(
    accounts: State<Arc<Accounts>>,
    caller: Extension<Caller>,
    fields: Fields,
) -> Result<Json<Value>, ApiError> {
    by_field(&accounts, &caller, UserField::Phone, fields.get("phone")).await
}

/// `GET /users/external/{id}.json`.
pub(super) async fn by_external_id(
    accounts: State<Arc<Accounts>>,
    caller: Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    by_field(&accounts, &caller, UserField::ExternalUserId, Some(&id)).await
}

async fn by_field(
    accounts: &Accounts,
    caller: &Caller,
    field: UserField,
    value: Option<&str>,
) -> Result<Json<Value>, ApiError> {
    caller.check_reader(accounts).await?;
    let user = find_by(accounts, caller, field, value).await?;
    Ok(Json(json::user(&user)))
}

async fn find_by(
    accounts: &Accounts,
    caller: &Caller,
    field: UserField,
    value: Option<&str>,
) -> Result<User, ApiError> {
    let value = value.ok_or(ApiError::NotFound)?.to_owned();
    find(accounts, caller, move |store, application| {
        store.user_by(application, field, &value)
    })
    .await
}

/// `PUT /users/{id}.json`. A new password needs the old one, and ends all
/// other sessions and chat connections of the user.
pub(super) async fn update(
    State(accounts): State<Arc<Accounts>>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Json<Value>, ApiError> {
    let user = own(&caller, existing(&accounts, &caller, &id).await?)?;
    caller.member(&accounts).await?;
    let password = match fields.get("user[password]") {
        Some(password) => {
            check_old_password(&accounts, &user, &fields, &peer).await?;
            Some(new_password(&accounts, password).await?)
        }
        None => None,
    };
    let (changes, hash) = (profile(&fields), caller.token.hash());
    let new_password = password.is_some();
    let user = accounts
        .store
        .run(move |store| {
            let (application, id) = (user.application, user.id);
            let now = UnixTime::now();
            let user = store.update_user(application, id, &changes, password.as_ref(), now)?;
            if password.is_some() {
                store.end_other_sessions(application, id, &hash)?;
            }
            Ok::<_, ApiError>(user)
        })
        .await?;
    if new_password {
        accounts
            .directory
            .end_others(user.application, user.id, &hash);
    }
    Ok(Json(json::user(&user)))
}

async fn check_old_password(
    accounts: &Accounts,
    user: &User,
    fields: &Fields,
    peer: &Peer,
) -> Result<(), ApiError> {
    let old = fields
        .get("user[old_password]")
        .ok_or_else(|| ApiError::Invalid("old_password", "is required".to_owned()))?
        .to_owned();
    let claim = Claim::Id(user.id);
    accounts
        .gate
        .by_password(user.application, claim, old, peer.address.ip())
        .await?;
    Ok(())
}

/// `DELETE /users/{id}.json`.
pub(super) async fn delete(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<&'static str, ApiError> {
    let user = existing(&accounts, &caller, &id).await?;
    remove(&accounts, own(&caller, user)?).await
}

/// `DELETE /users/external/{id}.json`.
pub(super) async fn delete_by_external_id(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<&'static str, ApiError> {
    let user = find_by(&accounts, &caller, UserField::ExternalUserId, Some(&id)).await?;
    remove(&accounts, own(&caller, user)?).await
}

/// The user, if it is the one who is logged in.
fn own(caller: &Caller, user: User) -> Result<User, ApiError> {
    if caller.user()? == user.id {
        Ok(user)
    } else {
        Err(ApiError::Forbidden("Forbidden. Only the user may do this."))
    }
}

async fn remove(accounts: &Accounts, user: User) -> Result<&'static str, ApiError> {
    let (application, id) = (user.application, user.id);
    accounts
        .store
        .run(move |store| store.remove_user(application, id).map_err(ApiError::from))
        .await?;
    accounts.directory.end_user(application, id);
    Ok(DONE)
}
