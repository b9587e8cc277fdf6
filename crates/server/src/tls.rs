//! Certificate and key of the TLS listeners.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_cert::der::Decode;

use crate::accept::Peer;
use crate::clock::UnixTime;
use crate::config::CertificateFiles;

/// Why TLS cannot be offered. The operator has to put the files right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate file cannot be read, or has no PEM certificate.
    #[error("the certificate {} cannot be read: {source}", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The key file cannot be read, or has no PEM private key.
    #[error("the private key {} cannot be read: {source}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The key does not belong to the certificate, or is of an unknown kind.
    #[error("the certificate {} and the private key {} cannot be used together: {source}",
        .certificate.display(), .key.display())]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
}

/// A certificate ready for handshakes (TLS 1.2 and 1.3), whatever is spoken
/// inside. Can be renewed while it is in use; all clones are renewed together.
#[derive(Clone)]
pub(crate) struct Tls {
    files: CertificateFiles,
    certificate: Arc<Certificate>,
    config: ServerConfig,
}

/// The certificate in use.
#[derive(Debug)]
pub(crate) struct Certificate(RwLock<Arc<CertifiedKey>>);

impl Tls {
    /// Reads the files.
    pub(crate) fn load(files: &CertificateFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let key = read(files, &provider)?;
        let certificate = Arc::new(Certificate(RwLock::new(Arc::new(key))));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| TlsError::mismatch(files, source))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>);
        Ok(Self {
            files: files.clone(),
            certificate,
            config,
        })
    }

    /// Reads the files again. When they cannot be used, what was in use stays.
    pub(crate) fn renew(&self) -> Result<(), TlsError> {
        let key = read(&self.files, self.config.crypto_provider())?;
        let current = self.certificate.0.write();
        *current.unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
        Ok(())
    }

    /// The files.
    pub(crate) fn files(&self) -> &CertificateFiles {
        &self.files
    }

    /// What is in use.
    pub(crate) fn certificate(&self) -> Arc<Certificate> {
        Arc::clone(&self.certificate)
    }

    /// For what the client may name as one of `protocols` (RFC 7301); without
    /// any, whatever it names will do. One that names none is served all the same.
    pub(crate) fn acceptor(&self, protocols: &[&str]) -> TlsAcceptor {
        let mut config = self.config.clone();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Makes a connection private, in so much time.
pub(crate) async fn encrypt<S>(
    acceptor: &TlsAcceptor,
    stream: S,
    peer: &mut Peer,
    patience: Duration,
) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Boxed, because a handshake is large and nothing of it stays.
    let encrypted = time::timeout(patience, Box::pin(acceptor.accept(stream))).await??;
    peer.secure = true;
    Ok(encrypted)
}

impl Certificate {
    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// When it ends (RFC 5280 section 4.1.2.5), in Unix time; `None` if it
    /// does not say so in a form that can be read.
    pub(crate) fn not_after(&self) -> Option<UnixTime> {
        let current = self.current();
        let certificate = x509_cert::Certificate::from_der(current.cert.first()?).ok()?;
        let end = certificate.tbs_certificate().validity().not_after;
        let end = end.to_unix_duration().as_secs();
        i64::try_from(end).ok().map(UnixTime)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl TlsError {
    fn mismatch(files: &CertificateFiles, source: rustls::Error) -> Self {
        Self::Mismatch {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            source,
        }
    }
}

fn read(files: &CertificateFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let certificates = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|source| TlsError::Key {
        path: files.key.clone(),
        source,
    })?;
    CertifiedKey::from_der(certificates, key, provider)
        .map_err(|source| TlsError::mismatch(files, source))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::Certificate {
        path: path.to_owned(),
        source,
    };
    let chain = CertificateDer::pem_file_iter(path)
        .map_err(unreadable)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    if chain.is_empty() {
        return Err(unreadable(pem::Error::NoItemsFound));
    }
    Ok(chain)
}
