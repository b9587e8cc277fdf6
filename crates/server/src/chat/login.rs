//! Logging in to chat: SASL PLAIN's name and password at the gate.
//!
//! What looks like a session token is one; a password never does (see
//! [`PasswordError::LooksLikeToken`](crate::store::PasswordError)).

use std::net::IpAddr;

use super::Chat;
use super::account::Account;
use crate::account::{Claim, Refusal};
use crate::store::{Token, TokenHash};

/// Lets `<user>-<application>` in by password or token; gives back the session
/// of the token.
pub(super) async fn admit(
    chat: &Chat,
    localpart: &str,
    password: String,
    address: IpAddr,
) -> Result<(Account, Option<TokenHash>), Refusal> {
    let account = Account::parse(localpart).ok_or(Refusal::Wrong)?;
    let Account { application, user } = account;
    if let Some(token) = Token::parse(&password) {
        chat.gate
            .by_token(application, user, &token, address)
            .await?;
        return Ok((account, Some(token.hash())));
    }
    chat.gate
        .by_password(application, Claim::Id(user), password, address)
        .await?;
    Ok((account, None))
}
