//! Sessions and users as JSON (wire format sections 1.2 and 1.3).

use serde_json::{Value, json};

use super::caller::Caller;
use crate::store::{Page, Search, User};

pub(super) fn session(caller: &Caller) -> Value {
    let Caller { session, token } = caller;
    json!({"session": {
        "_id": session.id.to_string(),
        "application_id": session.application.0,
        "created_at": session.created_at.to_string(),
        "id": session.id,
        "nonce": session.nonce,
        "token": token.reveal(),
        "ts": session.ts,
        "updated_at": session.updated_at.to_string(),
        "user_id": session.user.map_or(0, |user| user.0),
    }})
}

pub(super) fn user(user: &User) -> Value {
    json!({"user": user_fields(user)})
}

/// All that there is to know of a user.
pub(crate) fn user_fields(user: &User) -> Value {
    // A number stays a number, as apps send and expect it.
    let external = user
        .external_user_id
        .as_deref()
        .map(|id| match id.parse::<u64>() {
            Ok(number) if number.to_string() == id => Value::from(number),
            _ => Value::from(id),
        });
    json!({
        "id": user.id.0,
        "full_name": user.full_name,
        "email": user.email,
        "login": user.login,
        "phone": user.phone,
        "website": user.website,
        "created_at": user.created_at.to_string(),
        "updated_at": user.updated_at.to_string(),
        "last_request_at": user.last_request_at.map(|time| time.to_string()),
        "external_user_id": external,
        "facebook_id": user.facebook_id,
        "twitter_id": user.twitter_id,
        "blob_id": user.blob_id,
        "custom_data": user.custom_data,
        "user_tags": user.tags,
    })
}

pub(super) fn page(search: &Search, page: &Page) -> Value {
    json!({
        "current_page": search.page,
        "per_page": search.per_page,
        "total_entries": page.total,
        "items": page.users.iter().map(user).collect::<Vec<_>>(),
    })
}
