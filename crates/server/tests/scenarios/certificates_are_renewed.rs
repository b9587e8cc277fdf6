//! A new certificate is taken without a restart, by every listener; a broken
//! one is not.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use visavis_server::CertificateFiles;

use crate::common::certificate::{encrypt, files};
use crate::common::rest::Rest;
use crate::common::stream::Stream;
use crate::common::{APP, Running, loopback, soon, start_with};

/// Trusts everybody and remembers who it was.
#[derive(Debug)]
struct Witness {
    seen: Mutex<Option<Vec<u8>>>,
    schemes: Vec<SignatureScheme>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock().unwrap() = Some(certificate.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// A client without a memory of earlier connections, and what it saw.
fn client() -> (TlsConnector, Arc<Witness>) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let witness = Arc::new(Witness {
        seen: Mutex::default(),
        schemes: provider
            .signature_verification_algorithms
            .supported_schemes(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&witness) as _)
        .with_no_client_auth();
    (TlsConnector::from(Arc::new(config)), witness)
}

/// A server whose certificate is that of `localhost`, in files of its own.
async fn start() -> (Running, CertificateFiles) {
    let mut copy = None;
    let running = start_with(|config| {
        let folder = config.data_dir.parent().unwrap();
        let files = CertificateFiles {
            certificate: folder.join("certificate.pem"),
            key: folder.join("key.pem"),
        };
        install("localhost", &files);
        config.https = Some(loopback());
        config.xmpps = Some(loopback());
        config.certificate = Some(files.clone());
        config.admin = Some(loopback());
        copy = Some(files);
    })
    .await;
    (running, copy.unwrap())
}

fn install(name: &str, to: &CertificateFiles) {
    let (certificate, key) = files(name);
    fs::copy(certificate, &to.certificate).unwrap();
    fs::copy(key, &to.key).unwrap();
}

fn certificate(name: &str) -> Vec<u8> {
    let (path, _): (PathBuf, PathBuf) = files(name);
    CertificateDer::from_pem_file(path).unwrap().to_vec()
}

/// What HTTPS, XMPP over TLS, STARTTLS and the relay's TLS show now.
async fn shown(running: &Running) -> [Vec<u8>; 4] {
    let ready = running.server.ready();
    let https = ready.https.as_ref().unwrap().trim_start_matches("https://");
    let xmpps = ready.xmpps.as_ref().unwrap();
    let relay = ready.relay.as_ref().unwrap();
    let mut shown = Vec::new();
    for address in [https, xmpps, relay] {
        let (tls, witness) = client();
        let socket = TcpStream::connect(address).await.unwrap();
        encrypt(Box::pin(socket), &tls).await;
        shown.push(witness.seen.lock().unwrap().take().unwrap());
    }
    let (tls, witness) = client();
    let stream = Stream::connect(ready.xmpp.as_ref().unwrap()).await;
    stream.start_tls(&tls).await;
    shown.push(witness.seen.lock().unwrap().take().unwrap());
    shown.try_into().unwrap()
}

/// Waits until all listeners show the certificate of this name.
async fn until_shown(running: &Running, name: &str) {
    let wanted = certificate(name);
    soon(async {
        while shown(running).await.iter().any(|shown| *shown != wanted) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn expiry(running: &Running) -> f64 {
    let admin = running.server.ready().admin.as_ref().unwrap();
    let page = Rest::new(admin, APP).get("/metrics").await.text;
    let name = "visavis_tls_certificate_expiry_timestamp_seconds ";
    let value = page.lines().find_map(|line| line.strip_prefix(name));
    value.unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_new_certificate_is_taken_when_its_files_change() {
    let (running, files) = start().await;
    until_shown(&running, "localhost").await;
    let mut chat = running.chat(101).await;
    // The end of both, as `openssl x509 -enddate` has it.
    assert_eq!(expiry(&running).await, 4_102_443_563.0);
    install("other.test", &files);
    until_shown(&running, "other.test").await;
    chat.fence().await;
}

#[tokio::test]
async fn a_new_certificate_is_taken_when_asked() {
    let (running, files) = start().await;
    install("other.test", &files);
    running.server.renew_certificate();
    until_shown(&running, "other.test").await;
}

#[tokio::test]
async fn a_broken_certificate_changes_nothing() {
    let (running, files) = start().await;
    // The key of another, then no certificate at all, then none to be found.
    let (_, key) = crate::common::certificate::files("other.test");
    fs::copy(key, &files.key).unwrap();
    running.server.renew_certificate();
    running.still_serves().await;
    until_shown(&running, "localhost").await;
    fs::write(&files.certificate, "no certificate").unwrap();
    running.server.renew_certificate();
    running.still_serves().await;
    until_shown(&running, "localhost").await;
    fs::remove_file(&files.certificate).unwrap();
    running.server.renew_certificate();
    running.still_serves().await;
    until_shown(&running, "localhost").await;

    // It looks on.
    install("other.test", &files);
    until_shown(&running, "other.test").await;
}
