//! The allocations of one connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::sleep;
use visavis_turn::client::Credentials;

use super::path::RelayPath;
use super::race::race;
use super::url::{RelayTransport, RelayUrl};
use crate::config::IceServer;

/// A former allocation is kept for so long after another has taken its place: media may still
/// go through it.
const OVERLAP: Duration = Duration::from_secs(20);
/// An allocation that was lost is made again after this long.
const PAUSE: Duration = Duration::from_secs(1);
/// More servers than these bring no more paths, just more checks of them.
const MOST_SERVERS: usize = 4;

/// What the connection has to know.
#[derive(Debug)]
pub(crate) enum RelayNews {
    /// Peers can be reached from this address.
    Allocated {
        relayed: SocketAddr,
        local: SocketAddr,
        transport: RelayTransport,
    },
    /// A peer sent this to one of our relayed addresses.
    Data {
        relayed: SocketAddr,
        peer: SocketAddr,
        data: Vec<u8>,
    },
    /// Every server has an allocation, or none can be had.
    Settled,
}

/// What tasks report.
enum Report {
    Path(usize, Option<Box<RelayPath>>),
    Data(SocketAddr, SocketAddr, Vec<u8>),
    Lost(u64),
}

enum Order {
    Send(SocketAddr, Vec<u8>),
    Credentials(Credentials),
    /// Let go after the overlap.
    Retire,
}

/// A running allocation.
struct Running {
    id: u64,
    server: usize,
    relayed: Vec<SocketAddr>,
    orders: UnboundedSender<Order>,
}

/// All allocations, given back when dropped.
pub(crate) struct Relays {
    servers: Vec<IceServer>,
    tls: Option<Arc<ClientConfig>>,
    running: Vec<Running>,
    /// Races that are not decided, a number for each server.
    open: Vec<usize>,
    settled: bool,
    count: u64,
    news: std::collections::VecDeque<RelayNews>,
    reports: (UnboundedSender<Report>, UnboundedReceiver<Report>),
    races: JoinSet<()>,
}

impl Relays {
    /// Begins to allocate at once.
    pub(crate) fn new(servers: &[IceServer], tls: Option<Arc<ClientConfig>>) -> Self {
        let is_relay =
            |server: &&IceServer| server.urls.iter().any(|url| RelayUrl::parse(url).is_some());
        let servers: Vec<_> = servers
            .iter()
            .filter(is_relay)
            .take(MOST_SERVERS)
            .cloned()
            .collect();
        let mut relays = Self {
            open: vec![0; servers.len()],
            servers,
            tls,
            running: Vec::new(),
            settled: false,
            count: 0,
            news: std::collections::VecDeque::new(),
            reports: unbounded_channel(),
            races: JoinSet::new(),
        };
        relays.restart();
        relays.settle();
        relays
    }

    /// Allocates anew at every server: our address may be another one now.
    pub(crate) fn restart(&mut self) {
        for server in 0..self.servers.len() {
            if self.open[server] == 0 {
                self.race(server, Duration::ZERO);
            }
        }
    }

    /// Newer credentials for servers that are used already.
    pub(crate) fn set_servers(&mut self, servers: &[IceServer]) {
        for newer in servers {
            let known = |own: &IceServer| own.urls == newer.urls;
            let Some(at) = self.servers.iter().position(known) else {
                continue;
            };
            self.servers[at] = newer.clone();
            for running in self.running.iter().filter(|running| running.server == at) {
                let credentials = Credentials {
                    username: newer.username.clone().unwrap_or_default(),
                    password: newer.credential.clone().unwrap_or_default(),
                };
                let _ = running.orders.send(Order::Credentials(credentials));
            }
        }
    }

    /// Sends from one of our relayed addresses; false when it is none.
    pub(crate) fn send(&self, relayed: SocketAddr, peer: SocketAddr, data: &[u8]) -> bool {
        let owner = |running: &&Running| running.relayed.contains(&relayed);
        let Some(running) = self.running.iter().find(owner) else {
            return false;
        };
        let _ = running.orders.send(Order::Send(peer, data.to_vec()));
        true
    }

    /// Waits for news. Nothing is lost when this is dropped.
    pub(crate) async fn next(&mut self) -> RelayNews {
        loop {
            if let Some(news) = self.news.pop_front() {
                return news;
            }
            // One sender is ours: the channel never closes.
            if let Some(report) = self.reports.1.recv().await {
                self.take(report);
            }
        }
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Path(server, path) => {
                self.open[server] -= 1;
                if let Some(path) = path {
                    self.run(server, *path);
                }
                self.settle();
            }
            Report::Data(relayed, peer, data) => {
                self.news.push_back(RelayNews::Data {
                    relayed,
                    peer,
                    data,
                });
            }
            Report::Lost(id) => {
                let Some(at) = self.running.iter().position(|running| running.id == id) else {
                    return;
                };
                let lost = self.running.remove(at);
                let another = |running: &Running| running.server == lost.server;
                if !self.running.iter().any(another) && self.open[lost.server] == 0 {
                    self.race(lost.server, PAUSE);
                }
            }
        }
    }

    fn race(&mut self, server: usize, pause: Duration) {
        self.open[server] += 1;
        let (config, tls) = (self.servers[server].clone(), self.tls.clone());
        let reports = self.reports.0.clone();
        self.races.spawn(async move {
            sleep(pause).await;
            let _ = reports.send(Report::Path(server, race(config, tls).await.map(Box::new)));
        });
    }

    fn run(&mut self, server: usize, path: RelayPath) {
        for former in self
            .running
            .iter()
            .filter(|running| running.server == server)
        {
            let _ = former.orders.send(Order::Retire);
        }
        self.count += 1;
        let (orders, receiver) = unbounded_channel();
        let relayed = path.relayed().to_vec();
        for address in &relayed {
            self.news.push_back(RelayNews::Allocated {
                relayed: *address,
                local: path.local(),
                transport: path.transport(),
            });
        }
        self.running.push(Running {
            id: self.count,
            server,
            relayed,
            orders,
        });
        tokio::spawn(serve(path, self.count, receiver, self.reports.0.clone()));
    }

    fn settle(&mut self) {
        if !self.settled && self.open.iter().all(|open| *open == 0) {
            self.settled = true;
            self.news.push_back(RelayNews::Settled);
        }
    }
}

/// Keeps one allocation until it is lost, or its owner has no use for it.
async fn serve(
    mut path: RelayPath,
    id: u64,
    mut orders: UnboundedReceiver<Order>,
    reports: UnboundedSender<Report>,
) {
    let relayed = path.relayed().to_vec();
    let retirement = sleep(Duration::MAX);
    tokio::pin!(retirement);
    let lost = loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Send(peer, data)) => path.send(peer, &data),
                Some(Order::Credentials(credentials)) => path.set_credentials(credentials),
                Some(Order::Retire) => {
                    retirement.as_mut().reset(tokio::time::Instant::now() + OVERLAP);
                }
                None => break false,
            },
            received = path.receive() => match received {
                Ok((peer, data)) => {
                    let own = relayed.iter().find(|own| own.is_ipv4() == peer.is_ipv4());
                    if let Some(own) = own {
                        let _ = reports.send(Report::Data(*own, peer, data));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "an allocation has ended");
                    break true;
                }
            },
            () = &mut retirement => break false,
        }
    };
    let _ = reports.send(Report::Lost(id));
    if !lost {
        path.close().await;
    }
}
