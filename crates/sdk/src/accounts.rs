//! The accounts service seen from a client: a signed session, a login, and
//! the addresses of chat and of STUN/TURN servers.
//!
//! Speaks the REST interface of the documented system (`POST /session.json`,
//! `POST /login.json`) and two additions of the visavis server:
//! `GET /.well-known/host-meta.json` (RFC 6415, XEP-0156) for the chat
//! address and `GET /ice_servers.json` for relay credentials. It never keeps
//! a password.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use sha1::Sha1;

use crate::app::App;
use crate::http::{Answer, Client, HttpError, Question};

/// Why logging in to the accounts service failed; each variant names who has
/// to act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The server cannot be reached or stopped answering: the network, or
    /// the operator.
    #[error("the server at {server} cannot be reached")]
    Unreachable {
        /// The address that was tried.
        server: String,
        /// What the transport said.
        #[source]
        source: HttpError,
    },
    /// The server does not accept the application's key or signature: the app.
    #[error("the server refuses the application (id, key, secret or clock are wrong)")]
    ApplicationRefused,
    /// Login or password are wrong: the user.
    #[error("login or password are wrong")]
    WrongCredentials,
    /// Too many attempts: wait.
    #[error("too many attempts; try again later")]
    TooManyAttempts,
    /// The server answered with something else: the operator.
    #[error("the server answered with status {status}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
    },
    /// The server's answer is not what the interface promises: the operator.
    #[error("the server's answer lacks `{field}`")]
    Malformed {
        /// The missing or unreadable field.
        field: &'static str,
    },
    /// The server names no chat address and none was configured: the operator.
    #[error("the server names no chat address")]
    NoChat,
}

/// A logged-in user's session with the accounts service.
#[derive(Clone)]
pub(crate) struct AccountSession {
    /// The token; also the user's chat password.
    pub(crate) token: String,
    /// The user's number.
    pub(crate) user: u32,
}

/// One STUN or TURN server as the service lists it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IceServerEntry {
    pub(crate) urls: Vec<String>,
    pub(crate) username: Option<String>,
    pub(crate) credential: Option<String>,
}

/// The servers, and for how many seconds their credentials hold.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct IceServerList {
    pub(crate) ttl: Option<u64>,
    pub(crate) ice_servers: Vec<IceServerEntry>,
}

/// The REST interface at one base address.
pub(crate) struct Accounts {
    http: Client,
}

impl Accounts {
    pub(crate) const fn new(http: Client) -> Self {
        Self { http }
    }

    /// Opens a signed application session and upgrades it to the user.
    pub(crate) async fn log_in(
        &self,
        app: &App,
        login: &str,
        password: &str,
    ) -> Result<AccountSession, LoginError> {
        let session = self.open_session(app).await?;
        let token = text(&session, &["session", "token"]).ok_or(LoginError::Malformed {
            field: "session.token",
        })?;
        let login = Question::post("login.json", &[("login", login), ("password", password)])
            .with_token(&token);
        let answer = self.ask(login).await?;
        let user = match answer.status {
            StatusCode::OK | StatusCode::CREATED | StatusCode::ACCEPTED => json(&answer)?,
            StatusCode::UNAUTHORIZED => return Err(LoginError::WrongCredentials),
            status => return Err(unexpected(status)),
        };
        let user = user["user"]["id"]
            .as_u64()
            .and_then(|id| u32::try_from(id).ok())
            .ok_or(LoginError::Malformed { field: "user.id" })?;
        Ok(AccountSession { token, user })
    }

    async fn open_session(&self, app: &App) -> Result<Value, LoginError> {
        let timestamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |age| age.as_secs());
        let nonce: u32 = rand::random();
        let mut fields = vec![
            ("application_id", app.id.to_string()),
            ("auth_key", app.key.clone()),
            ("nonce", nonce.to_string()),
            ("timestamp", timestamp.to_string()),
        ];
        fields.push(("signature", sign(&app.secret, &fields)));
        let answer = self.ask(Question::post("session.json", &fields)).await?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED => json(&answer),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(LoginError::ApplicationRefused)
            }
            status => Err(unexpected(status)),
        }
    }

    /// The WebSocket address of chat and the domain it serves.
    pub(crate) async fn chat_address(&self) -> Result<ChatAddress, LoginError> {
        let answer = self
            .ask(Question::get(".well-known/host-meta.json"))
            .await?;
        if !answer.status.is_success() {
            return Err(LoginError::NoChat);
        }
        let meta = json(&answer)?;
        let url = meta["links"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|link| link["rel"] == "urn:xmpp:alt-connections:websocket")
            .and_then(|link| link["href"].as_str())
            .ok_or(LoginError::NoChat)?;
        let domain = text(&meta, &["subject"])
            .and_then(|subject| subject.strip_prefix("xmpp:").map(str::to_owned));
        Ok(ChatAddress {
            url: url.to_owned(),
            domain,
        })
    }

    /// The STUN and TURN servers with this session's credentials; a service
    /// without that list has none.
    pub(crate) async fn ice_servers(
        &self,
        session: &AccountSession,
    ) -> Result<IceServerList, LoginError> {
        let answer = self
            .ask(Question::get("ice_servers.json").with_token(&session.token))
            .await?;
        if !answer.status.is_success() {
            return Ok(IceServerList::default());
        }
        serde_json::from_slice(&answer.body).map_err(|_| LoginError::Malformed {
            field: "ice_servers",
        })
    }

    async fn ask(&self, question: Question) -> Result<Answer, LoginError> {
        self.http
            .ask(question)
            .await
            .map_err(|source| LoginError::Unreachable {
                server: self.http.base().to_owned(),
                source,
            })
    }
}

fn json(answer: &Answer) -> Result<Value, LoginError> {
    serde_json::from_slice(&answer.body).map_err(|_| LoginError::Malformed { field: "body" })
}

/// Where chat is.
#[derive(Debug)]
pub(crate) struct ChatAddress {
    pub(crate) url: String,
    pub(crate) domain: Option<String>,
}

fn unexpected(status: StatusCode) -> LoginError {
    match status {
        StatusCode::TOO_MANY_REQUESTS => LoginError::TooManyAttempts,
        status => LoginError::Unexpected {
            status: status.as_u16(),
        },
    }
}

fn text(value: &Value, path: &[&str]) -> Option<String> {
    path.iter()
        .try_fold(value, |value, key| value.get(key))?
        .as_str()
        .map(str::to_owned)
}

/// Signs the fields of a session request: `name=value` with raw values,
/// sorted, joined by `&`, HMAC-SHA1 under the secret, lower-case hex.
fn sign(secret: &str, fields: &[(&str, String)]) -> String {
    let mut pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.sort_unstable();
    let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes keys of any length");
    };
    mac.update(pairs.join("&").as_bytes());
    mac.finalize()
        .into_bytes()
        .iter()
        .fold(String::with_capacity(40), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn fields_are_signed_sorted_and_raw() {
        // Computed with `openssl dgst -sha1 -hmac`.
        let fields = [
            ("timestamp", "1795347937".to_owned()),
            ("auth_key", "key42".to_owned()),
            ("application_id", "4242".to_owned()),
            ("nonce", "2533".to_owned()),
        ];
        assert_eq!(sign("secret42", &fields), SIGNATURE);
    }

    const SIGNATURE: &str = "c5f37c19b90d6bee26840beaa0de72786f53f45d";
}
