//! The certificates of `tests/certificates`, and clients that trust them.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use visavis_server::CertificateFiles;

use super::chat::Socket;
use super::soon;

/// The files of the certificate for `name` and of its key.
pub(crate) fn files(name: &str) -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
    (
        folder.join(format!("{name}.pem")),
        folder.join(format!("{name}.key")),
    )
}

/// The certificate for `localhost`, and a client that trusts it.
pub(crate) fn certified() -> (CertificateFiles, TlsConnector) {
    let (certificate, key) = files("localhost");
    let mut roots = RootCertStore::empty();
    let trusted = CertificateDer::from_pem_file(&certificate).unwrap();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    (CertificateFiles { certificate, key }, connector)
}

pub(crate) async fn encrypt(
    socket: Pin<Box<dyn Socket>>,
    tls: &TlsConnector,
) -> Pin<Box<dyn Socket>> {
    let name = ServerName::try_from("localhost").unwrap();
    Box::pin(soon(tls.connect(name, socket)).await.unwrap())
}
