//! TLS for the accounts service and for chat: one configuration, the
//! system's roots plus those the app adds.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why TLS could not be set up.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// An extra root certificate is not in PEM form, or no certificate: the app.
    #[error("an extra root certificate cannot be read")]
    ExtraRoot,
    /// The crypto library lacks what TLS needs: the build.
    #[error("TLS cannot be set up")]
    Provider(#[source] rustls::Error),
}

/// Builds the client configuration; `extra_roots_pem` may hold any number of
/// certificates. A system without certificates is not an error: plain
/// connections work, and secure ones say which issuer is unknown.
pub(crate) fn client_config(extra_roots_pem: &[u8]) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in CertificateDer::pem_slice_iter(extra_roots_pem) {
        let added = certificate
            .map_err(|_| TlsError::ExtraRoot)
            .map(|certificate| roots.add(certificate))?;
        added.map_err(|_| TlsError::ExtraRoot)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Provider)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
