//! The same over TLS, with a certificate of the tests.

use std::sync::Arc;

use crate::common::chat::{Chat, bare};
use crate::common::rest::Rest;
use crate::common::{APP, certificate, loopback, start_with};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use visavis_server::HttpsConfig;

#[tokio::test]
async fn rest_and_chat_over_tls() {
    let (certificate, key) = certificate::files("localhost");
    let trusted = CertificateDer::from_pem_file(&certificate).unwrap();
    let running = start_with(|config| {
        config.http = None;
        config.https = Some(HttpsConfig {
            address: loopback(),
            certificate,
            key,
        });
    })
    .await;
    let ready = running.server.ready();
    assert_eq!((&ready.http, &ready.ws), (&None, &None));
    let port = ready.https.as_ref().unwrap().rsplit(':').next().unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(trusted).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let rest = Rest {
        address,
        tls: Some(connector.clone()),
        application: APP,
        token: None,
    };
    let rest = rest.logged_in(101).await;
    let meta = rest.get("/.well-known/host-meta.json").await;
    assert_eq!(
        meta.body["links"][0]["href"],
        format!("wss://localhost:{port}/ws")
    );

    let stream = TcpStream::connect(address).await.unwrap();
    let stream = connector
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
        .unwrap();
    let mut chat = Chat::over(Box::pin(stream), &format!("wss://localhost:{port}/ws")).await;
    chat.log_in(101, APP, rest.token.as_ref().unwrap()).await;
    chat.signal("m1", &bare(101), "update").await;
    assert_eq!(chat.stanza().await.attribute("id"), Some("m1"));
}
