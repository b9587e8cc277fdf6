//! The WebSocket that carries chat (RFC 6455, subprotocol `xmpp` of RFC 7395).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::stream::{self, Endpoint, Stream};

/// The largest stanza that is accepted, in bytes.
const MAX_STANZA: usize = 256 * 1024;

/// How long TCP, TLS and the upgrade may take together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// An open WebSocket.
pub(super) type WebSocket = WebSocketStream<Box<dyn Stream>>;

/// Why the WebSocket could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The address is not `ws://` or `wss://` with a host: the app.
    #[error("`{url}` is not a ws:// or wss:// address")]
    Address {
        /// The address as given.
        url: String,
    },
    /// Nobody answers there: the network, or the operator.
    #[error("chat at {url} cannot be reached")]
    Unreachable {
        /// The address as given.
        url: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The server is there and does not open a chat WebSocket: the operator.
    #[error("{url} does not open a chat connection")]
    Refused {
        /// The address as given.
        url: String,
        /// What went wrong with the upgrade.
        #[source]
        source: Box<tungstenite::Error>,
    },
}

/// Opens the WebSocket at `url`.
pub(super) async fn open(url: &str, tls: &Arc<ClientConfig>) -> Result<WebSocket, WebSocketError> {
    timeout(CONNECT_TIMEOUT, connect(url, tls))
        .await
        .unwrap_or_else(|_| {
            Err(WebSocketError::Unreachable {
                url: url.to_owned(),
                source: io::ErrorKind::TimedOut.into(),
            })
        })
}

async fn connect(url: &str, tls: &Arc<ClientConfig>) -> Result<WebSocket, WebSocketError> {
    let wrong_address = || WebSocketError::Address {
        url: url.to_owned(),
    };
    let refused = |source| WebSocketError::Refused {
        url: url.to_owned(),
        source: Box::new(source),
    };

    let uri: Uri = url.parse().map_err(|_| wrong_address())?;
    let endpoint = Endpoint::of(&uri, "ws", "wss").ok_or_else(wrong_address)?;
    let stream =
        stream::connect(&endpoint, tls)
            .await
            .map_err(|source| WebSocketError::Unreachable {
                url: url.to_owned(),
                source,
            })?;
    let mut request = url.into_client_request().map_err(refused)?;
    request
        .headers_mut()
        .insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("xmpp"));
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_STANZA))
        .max_frame_size(Some(MAX_STANZA));
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config))
        .await
        .map_err(refused)?;
    Ok(socket)
}
