//! Which server, and how it is reached.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use visavis_xmpp::Jid;
use visavis_xmpp::client::StartTls;

use crate::error::TargetError;

/// What carries the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP (RFC 6120), encrypted on request.
    Tcp(StartTls),
    /// TLS from the first byte (XEP-0368).
    Tls,
    /// WebSocket messages (RFC 7395), encrypted or not.
    WebSocket {
        /// Whether they are.
        secure: bool,
    },
}

/// Whom TLS trusts.
#[derive(Clone, Copy, Debug)]
pub enum Roots<'a> {
    /// Whom the system trusts.
    System,
    /// The certificates of a PEM file.
    File(&'a Path),
}

/// A server, as every session reaches it.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
    /// The address of the WebSocket, as it was given.
    pub(crate) url: String,
    pub(crate) domain: Jid,
    /// Whom the server's certificate has to name.
    pub(crate) name: ServerName<'static>,
    pub(crate) tls: Arc<ClientConfig>,
    /// The addresses that sessions come from, in turns.
    pub(crate) sources: Vec<IpAddr>,
}

impl Target {
    /// The server at `tcp://HOST:PORT`, `tls://HOST:PORT`, `ws://HOST:PORT/PATH`
    /// or `wss://HOST:PORT/PATH`. Its domain is the host unless another one is
    /// given, and its certificate has to name the domain. `start_tls` is of
    /// `tcp` alone.
    ///
    /// # Errors
    /// [`TargetError`] says what has to be corrected.
    pub fn new(
        url: &str,
        domain: Option<&str>,
        start_tls: StartTls,
        roots: Roots<'_>,
        sources: Vec<IpAddr>,
    ) -> Result<Self, TargetError> {
        let wrong = || TargetError::Address {
            url: url.to_owned(),
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let transport = match scheme {
            "tcp" => Transport::Tcp(start_tls),
            "tls" => Transport::Tls,
            "ws" => Transport::WebSocket { secure: false },
            "wss" => Transport::WebSocket { secure: true },
            _ => return Err(wrong()),
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let (host, _) = authority.rsplit_once(':').ok_or_else(wrong)?;
        let host = host.trim_matches(['[', ']']);
        let address = address(authority, host)?;
        let domain = domain.unwrap_or(host);
        let wrong_domain = || TargetError::Domain {
            domain: domain.to_owned(),
        };
        Ok(Self {
            transport,
            address,
            url: url.to_owned(),
            domain: Jid::server(domain).map_err(|_| wrong_domain())?,
            name: ServerName::try_from(domain.to_owned()).map_err(|_| wrong_domain())?,
            tls: Arc::new(tls(transport, roots)?),
            sources,
        })
    }
}

fn address(authority: &str, host: &str) -> Result<SocketAddr, TargetError> {
    let failed = |source| TargetError::Host {
        host: host.to_owned(),
        source,
    };
    let mut addresses = authority
        .to_socket_addrs()
        .map_err(|error| failed(Some(error)))?;
    addresses.next().ok_or_else(|| failed(None))
}

/// Without tickets: every session is as expensive as the first one of a user.
fn tls(transport: Transport, roots: Roots<'_>) -> Result<ClientConfig, TargetError> {
    let mut trusted = RootCertStore::empty();
    let encrypted = !matches!(
        transport,
        Transport::Tcp(StartTls::Never) | Transport::WebSocket { secure: false }
    );
    match roots {
        _ if !encrypted => {}
        Roots::System => {
            let found = rustls_native_certs::load_native_certs().certs;
            trusted.add_parsable_certificates(found);
        }
        Roots::File(path) => {
            let unreadable = || TargetError::Roots {
                path: path.to_owned(),
            };
            let found = CertificateDer::pem_file_iter(path).map_err(|_| unreadable())?;
            let found: Vec<_> = found.flatten().collect();
            if trusted.add_parsable_certificates(found).0 == 0 {
                return Err(unreadable());
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?;
    let mut config = builder
        .with_root_certificates(trusted)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Roots, Target, TargetError, Transport};
    use std::path::Path;
    use visavis_xmpp::client::StartTls;

    fn target(url: &str, domain: Option<&str>) -> Result<Target, TargetError> {
        let nowhere = Roots::File(Path::new("/nonexistent.pem"));
        Target::new(url, domain, StartTls::Never, nowhere, Vec::new())
    }

    #[test]
    fn an_address_names_the_transport() {
        for (url, transport) in [
            ("tcp://127.0.0.1:5222", Transport::Tcp(StartTls::Never)),
            ("ws://[::1]:80/ws", Transport::WebSocket { secure: false }),
        ] {
            assert_eq!(target(url, Some("h")).unwrap().transport, transport);
        }
        let target = target("tcp://127.0.0.1:5222", None).unwrap();
        assert_eq!(target.domain.domain(), "127.0.0.1");
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (url, domain, told) in [
            ("127.0.0.1:5222", None, "is none of tcp://"),
            ("http://127.0.0.1:5222", None, "is none of tcp://"),
            ("tcp://127.0.0.1", None, "is none of tcp://"),
            ("tcp://127.0.0.1:x", None, "`127.0.0.1` has no address"),
            ("tcp://127.0.0.1:1", Some("a b"), "`a b` is no domain"),
            (
                "tls://127.0.0.1:1",
                None,
                "no certificates in /nonexistent.pem",
            ),
        ] {
            let error = target(url, domain).unwrap_err().to_string();
            assert!(error.contains(told), "{url}: {error}");
        }
    }
}
