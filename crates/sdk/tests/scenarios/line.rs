//! A line to the server that can swallow what it is given, and break.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the line does with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Passes them on.
    Flows,
    /// Takes them and passes nothing on, as a dead radio link does.
    Swallowed,
    /// Breaks: every connection through it ends.
    Broken,
}

/// A listener whose connections lead to the server.
pub(crate) struct Line {
    address: String,
    traffic: Arc<watch::Sender<Traffic>>,
    swallowed: watch::Receiver<Swallowed>,
}

/// Bytes that were swallowed.
#[derive(Clone, Copy, Debug, Default)]
struct Swallowed {
    to_server: usize,
    to_client: usize,
}

impl Line {
    /// A line to the server at an `http://` address.
    pub(crate) async fn to(server: &str) -> Self {
        let server = server.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (traffic, _) = watch::channel(Traffic::Flows);
        let traffic = Arc::new(traffic);
        let (count, swallowed) = watch::channel(Swallowed::default());
        let count = Arc::new(count);
        let shared = Arc::clone(&traffic);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else {
                    return;
                };
                tokio::spawn(carry(
                    client,
                    server,
                    shared.subscribe(),
                    Arc::clone(&count),
                ));
            }
        });
        Self {
            address,
            traffic,
            swallowed,
        }
    }

    /// The server's address through the line.
    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// Changes what happens to bytes from now on.
    pub(crate) fn set(&self, traffic: Traffic) {
        self.traffic.send_replace(traffic);
    }

    /// Resolves when something has been swallowed both ways.
    pub(crate) async fn swallowed_both_ways(&mut self) {
        let both = |count: &Swallowed| count.to_server > 0 && count.to_client > 0;
        self.swallowed.wait_for(both).await.unwrap();
    }
}

async fn carry(
    client: TcpStream,
    server: TcpStream,
    traffic: watch::Receiver<Traffic>,
    count: Arc<watch::Sender<Swallowed>>,
) {
    let mut broken = traffic.clone();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = pass(from_client, to_server, traffic.clone(), |bytes| {
        count.send_modify(|count| count.to_server += bytes);
    });
    let down = pass(from_server, to_client, traffic, |bytes| {
        count.send_modify(|count| count.to_client += bytes);
    });
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = broken.wait_for(|traffic| *traffic == Traffic::Broken) => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    traffic: watch::Receiver<Traffic>,
    swallow: impl Fn(usize),
) {
    let mut bytes = vec![0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        match *traffic.borrow() {
            Traffic::Flows => {}
            Traffic::Swallowed => {
                swallow(length);
                continue;
            }
            Traffic::Broken => return,
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
