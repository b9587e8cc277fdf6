//! Somebody between a client and the server who changes what is asked and answered.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What somebody does to a question for a path.
pub(crate) enum Deed {
    /// Lets it through.
    Pass,
    /// Ends the connection.
    Cut,
    /// Answers with this status and nothing else.
    Answer(&'static str),
    /// Lets it through, each way so much later.
    Delay(Duration),
}

/// Changes head and body of an answer.
type Edit = Box<dyn Fn(String) -> String + Send + Sync>;

pub(crate) struct Proxy {
    pub(crate) deed: fn(&str) -> Deed,
    pub(crate) head: Edit,
    pub(crate) body: Edit,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            deed: |_| Deed::Pass,
            head: Box::new(|head| head),
            body: Box::new(|body| body),
        }
    }
}

impl Proxy {
    /// Stands before the server at an `http://` address from now on; gives back where.
    pub(crate) async fn before(self, server: &str) -> String {
        let server = server.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Arc::new(self);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (proxy, server) = (Arc::clone(&proxy), server.clone());
                tokio::spawn(async move { proxy.serve(client, &server).await });
            }
        });
        address
    }

    /// One question and its answer, or a WebSocket. An error ends the connection.
    async fn serve(&self, client: TcpStream, server: &str) -> std::io::Result<()> {
        let mut client = BufReader::new(client);
        let (head, body) = message(&mut client).await?;
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let delay = match (self.deed)(&path) {
            Deed::Pass => Duration::ZERO,
            Deed::Cut => return Ok(()),
            Deed::Answer(status) => {
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                return client.write_all(answer.as_bytes()).await;
            }
            Deed::Delay(time) => time,
        };
        let mut server = BufReader::new(TcpStream::connect(server).await?);
        server.write_all(head.as_bytes()).await?;
        server.write_all(body.as_bytes()).await?;
        if path.starts_with("/ws") {
            let (mut from_client, mut to_client) = tokio::io::split(client);
            let (mut from_server, mut to_server) = tokio::io::split(server);
            tokio::select! {
                _ = late(&mut from_client, &mut to_server, delay) => {}
                _ = late(&mut from_server, &mut to_client, delay) => {}
            }
            return Ok(());
        }
        let (head, body) = message(&mut server).await?;
        let body = (self.body)(body);
        let length = format!("content-length: {}\r\n", body.len());
        let lines = head.split_inclusive("\r\n");
        let others = lines.filter(|line| !line.to_lowercase().starts_with("content-length"));
        let head: String = others.collect();
        let head = (self.head)(head).trim_end().to_owned();
        client
            .write_all(format!("{head}\r\n{length}\r\n{body}").as_bytes())
            .await
    }
}

/// Copies, every piece so much later.
async fn late(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    delay: Duration,
) -> std::io::Result<()> {
    if delay.is_zero() {
        copy(from, to).await?;
        return Ok(());
    }
    let mut piece = [0; 4096];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        sleep(delay).await;
        to.write_all(&piece[..length]).await?;
    }
}

/// The head with its empty line, and the body.
async fn message(stream: &mut BufReader<TcpStream>) -> std::io::Result<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = head.to_lowercase();
    let length = length
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).await?;
    Ok((head, String::from_utf8(body).unwrap()))
}
