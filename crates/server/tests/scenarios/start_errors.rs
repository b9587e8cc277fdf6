//! When the server cannot start, it says what to put right.

use std::fs;
use std::net::UdpSocket;

use crate::common::rest::Rest;
use crate::common::{APP, certificate, loopback, prepare};
use visavis_server::{CertificateFiles, Server, StartError, TlsError};

#[tokio::test]
async fn an_address_in_use_is_named() {
    let (mut config, _folder) = prepare();
    let taken = std::net::TcpListener::bind(loopback()).unwrap();
    config.http = Some(taken.local_addr().unwrap());
    let error = Server::start(config.clone()).await.unwrap_err();
    assert!(matches!(error, StartError::AddressInUse { address } if Some(address) == config.http));
    assert!(
        error
            .to_string()
            .contains(&config.http.unwrap().to_string())
    );

    let taken = UdpSocket::bind(loopback()).unwrap();
    config.http = Some(loopback());
    config.relay = Some(taken.local_addr().unwrap());
    let error = Server::start(config.clone()).await.unwrap_err();
    assert!(matches!(error, StartError::AddressInUse { address } if Some(address) == config.relay));

    config.relay = None;
    config.http = Some("192.0.2.1:0".parse().unwrap());
    let error = Server::start(config).await.unwrap_err();
    assert!(matches!(error, StartError::Address { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_none() {
    let (mut config, folder) = prepare();
    config.data_dir = folder.path().join("file");
    fs::write(&config.data_dir, "").unwrap();
    let error = Server::start(config.clone()).await.unwrap_err();
    assert!(matches!(error, StartError::Data(_)));
    assert!(
        error
            .to_string()
            .contains(config.data_dir.to_str().unwrap())
    );

    config.data_dir = folder.path().join("damaged");
    fs::create_dir(&config.data_dir).unwrap();
    fs::write(config.data_dir.join("visavis.sqlite"), "no database").unwrap();
    let error = Server::start(config).await.unwrap_err();
    assert!(matches!(error, StartError::Data(_)), "{error}");
}

#[tokio::test]
async fn certificates_that_do_not_fit() {
    let (mut config, folder) = prepare();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let read = |name: &str| {
        let (certificate, key) = certificate::files(name);
        (
            fs::read_to_string(certificate).unwrap(),
            fs::read_to_string(key).unwrap(),
        )
    };
    let (one, other) = (read("localhost"), read("other.test"));
    let mut error = async |certificate: &str, key: &str| {
        config.https = Some(loopback());
        config.certificate = Some(CertificateFiles {
            certificate: write("certificate.pem", certificate),
            key: write("key.pem", key),
        });
        match Server::start(config.clone()).await.unwrap_err() {
            StartError::Tls(error) => error,
            error => panic!("{error}"),
        }
    };
    assert!(matches!(
        error("", &one.1).await,
        TlsError::Certificate { .. }
    ));
    assert!(matches!(error(&one.0, "").await, TlsError::Key { .. }));
    assert!(matches!(
        error(&one.0, &other.1).await,
        TlsError::Mismatch { .. }
    ));
}

#[tokio::test]
async fn the_operator_is_not_overheard() {
    let (mut config, _folder) = prepare();
    let outside = "0.0.0.0:0".parse().unwrap();
    config.admin = Some(outside);
    let error = Server::start(config.clone()).await.unwrap_err();
    assert!(matches!(error, StartError::NoCertificate { address } if address == outside));
    assert_eq!(
        error.to_string(),
        "0.0.0.0:0 needs a certificate and its key"
    );

    let (files, connector) = certificate::certified();
    config.certificate = Some(files);
    let server = Server::start(config).await.unwrap();
    let admin = server.ready().admin.as_ref().unwrap();
    let port = admin.strip_prefix("https://0.0.0.0:").unwrap();
    let rest = Rest {
        address: format!("127.0.0.1:{port}").parse().unwrap(),
        tls: Some(connector),
        application: APP,
        token: None,
    };
    assert_eq!(rest.get("/readyz").await.status, 200);
}
