//! A connection to a server, with or without TLS.

use std::io;
use std::sync::Arc;

use hyper::Uri;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes both ways.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Where to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    host: String,
    port: u16,
    secure: bool,
}

impl Endpoint {
    /// The endpoint of an address whose scheme is one of the two.
    pub(crate) fn of(uri: &Uri, plain: &str, secure: &str) -> Option<Self> {
        let scheme = uri.scheme_str()?;
        let is_secure = scheme == secure;
        if !is_secure && scheme != plain {
            return None;
        }
        let host = uri.host()?.trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        (!host.is_empty()).then(|| Self {
            host: host.to_owned(),
            port,
            secure: is_secure,
        })
    }
}

/// Connects, and sets TLS up where the endpoint asks for it.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    tls: &Arc<ClientConfig>,
) -> io::Result<Box<dyn Stream>> {
    let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
    // A signal is one small write that somebody is waiting for.
    tcp.set_nodelay(true)?;
    if !endpoint.secure {
        return Ok(Box::new(tcp));
    }
    let name =
        ServerName::try_from(endpoint.host.clone()).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(Box::new(
        TlsConnector::from(Arc::clone(tls))
            .connect(name, tcp)
            .await?,
    ))
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn an_address_names_host_port_and_security() {
        let of = |text: &str| Endpoint::of(&text.parse().expect("an address"), "ws", "wss");
        let endpoint = |host: &str, port, secure| {
            Some(Endpoint {
                host: host.into(),
                port,
                secure,
            })
        };
        assert_eq!(
            of("ws://127.0.0.1:8080/ws"),
            endpoint("127.0.0.1", 8080, false)
        );
        assert_eq!(
            of("wss://chat.example/ws"),
            endpoint("chat.example", 443, true)
        );
        assert_eq!(of("ws://[::1]:1/"), endpoint("::1", 1, false));
        assert_eq!(of("http://chat.example"), None);
    }
}
