//! Load on a relay: ours, and one behind a network that makes mistakes.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use visavis_load::LoadError;
use visavis_load::turn::{Method, Pace, Plan, RelayUsers, Report, Route, run};
use visavis_server::store::Store;
use visavis_server::turn::{Credentials, Secret};
use visavis_server::{Server, ServerConfig};

struct Relay {
    server: Server,
    users: RelayUsers,
    _folder: TempDir,
}

impl Relay {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let config = ServerConfig {
            data_dir: folder.path().to_owned(),
            http: Some(any),
            relay: Some(any),
            ..ServerConfig::default()
        };
        let mut store = Store::open(&config.data_dir).unwrap();
        let secret = Secret::new(store.relay_secret().unwrap());
        drop(store);
        Self {
            server: Server::start(config).await.unwrap(),
            users: RelayUsers::Issued(secret),
            _folder: folder,
        }
    }

    fn address(&self) -> SocketAddr {
        let relay = self.server.ready().relay.as_ref().unwrap();
        relay.parse().unwrap()
    }

    fn plan(&self) -> Plan {
        Plan {
            server: self.address(),
            users: self.users.clone(),
            allocations: 5,
            route: Route::Echo,
            method: Method::Channels,
            size: 500,
            pace: Pace::Saturation { in_flight: 20 },
            time: Duration::from_millis(200),
            patience: Duration::from_secs(5),
            pid: Some(std::process::id()),
        }
    }
}

async fn load(plan: Plan) -> Result<Report, LoadError> {
    tokio::task::spawn_blocking(move || run(&plan))
        .await
        .unwrap()
}

const KINDS: [(Route, Method); 4] = [
    (Route::Echo, Method::Channels),
    (Route::Echo, Method::Indications),
    (Route::RelayToRelay, Method::Channels),
    (Route::RelayToRelay, Method::Indications),
];

#[tokio::test(flavor = "multi_thread")]
async fn at_saturation_everything_arrives_once() {
    let relay = Relay::start().await;
    for (route, method) in KINDS {
        // No multiple of four: indications are padded.
        let plan = Plan {
            route,
            method,
            size: 499,
            ..relay.plan()
        };
        let report = load(plan).await.unwrap();
        assert_eq!(report.failures(), Vec::<String>::new(), "{report}");
        assert_eq!(report.allocations.count, 5);
        assert!(report.allocations.resident_bytes_per_allocation.is_some());
        let packets = report.packets.unwrap();
        assert!(packets.sent >= 20, "{report}");
        assert_eq!(packets.received, packets.sent);
        let times = match route {
            Route::Echo => 2,
            Route::RelayToRelay => 1,
        };
        assert_eq!(packets.relayed, times * packets.sent);
        assert!(packets.server_cpu_us_per_packet.is_some());
        assert!(packets.latency.p50_us > 0.0);
    }
    // Every allocation was given back.
    while relay.server.relay_status().unwrap().allocations > 0 {
        tokio::task::yield_now().await;
    }
    let counters = relay.server.relay_status().unwrap().counters;
    assert_eq!(counters.allocations, 20);
    assert!(counters.handed_over > 0);
    relay.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_rate_all_is_sent_that_was_meant() {
    let relay = Relay::start().await;
    for (route, method) in KINDS {
        let plan = Plan {
            route,
            method,
            pace: Pace::Rate(500.0),
            ..relay.plan()
        };
        let packets = load(plan).await.unwrap().packets.unwrap();
        assert_eq!((packets.sent, packets.received), (100, 100));
        assert_eq!(packets.in_flight, None);
    }
    relay.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn allocations_alone_send_nothing() {
    let relay = Relay::start().await;
    let plan = Plan {
        allocations: 100,
        time: Duration::ZERO,
        ..relay.plan()
    };
    let report = load(plan).await.unwrap();
    assert_eq!((report.allocations.count, report.packets), (100, None));
    relay.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told() {
    let relay = Relay::start().await;
    let credentials = Credentials {
        username: "9999999999:someone".to_owned(),
        password: "wrong".to_owned(),
    };
    let plan = Plan {
        users: RelayUsers::One(credentials),
        ..relay.plan()
    };
    let error = load(plan).await.unwrap_err();
    assert!(
        matches!(error, LoadError::Relay { code: 401, .. }),
        "{error}"
    );
    // Nobody is there any more.
    let plan = Plan {
        patience: Duration::from_millis(100),
        ..relay.plan()
    };
    relay.server.shutdown().await;
    let error = load(plan).await.unwrap_err();
    assert!(matches!(error, LoadError::NoAnswer { .. }), "{error}");
}

/// What the network does with every tenth packet to a client.
#[derive(Clone, Copy, Debug)]
enum Mistake {
    Lose,
    Double,
    Change,
    Misdeliver,
}

/// A network between clients and relay, until it is told to end.
fn network(relay: SocketAddr, mistake: Mistake) -> (SocketAddr, Arc<AtomicBool>) {
    let front = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
    let address = front.local_addr().unwrap();
    front
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&ended);
    thread::spawn(move || {
        let clients: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
        let mut behind: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
        let mut data = [0; 2000];
        while !ended.load(Ordering::Relaxed) {
            let Ok((length, from)) = front.recv_from(&mut data) else {
                continue;
            };
            let socket = behind.entry(from).or_insert_with(|| {
                let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
                socket.connect(relay).unwrap();
                socket
                    .set_read_timeout(Some(Duration::from_millis(50)))
                    .unwrap();
                clients.lock().unwrap().push(from);
                let (back, front) = (Arc::clone(&socket), Arc::clone(&front));
                let (clients, ended) = (Arc::clone(&clients), Arc::clone(&ended));
                thread::spawn(move || bring_back(&back, &front, from, &clients, mistake, &ended));
                socket
            });
            // A relay that is gone is no answer, as without this network.
            let _ = socket.send(&data[..length]);
        }
    });
    (address, end)
}

fn bring_back(
    back: &UdpSocket,
    front: &UdpSocket,
    client: SocketAddr,
    clients: &Mutex<Vec<SocketAddr>>,
    mistake: Mistake,
    ended: &AtomicBool,
) {
    let mut data = [0; 2000];
    let mut packets = 0;
    while !ended.load(Ordering::Relaxed) {
        let Ok(length) = back.recv(&mut data) else {
            continue;
        };
        let message = &mut data[..length];
        let is_packet = message[0] == 0x40;
        packets += u32::from(is_packet);
        let mut to = client;
        if is_packet && packets % 10 == 0 {
            match mistake {
                Mistake::Lose => continue,
                Mistake::Double => drop(front.send_to(message, client).unwrap()),
                Mistake::Change => message[length - 1] ^= 1,
                Mistake::Misdeliver => {
                    let clients = clients.lock().unwrap();
                    to = *clients.iter().find(|other| **other != client).unwrap();
                }
            }
        }
        front.send_to(message, to).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_of_a_network_is_counted() {
    let relay = Relay::start().await;
    for (mistake, told) in [
        (Mistake::Lose, "packets lost"),
        (Mistake::Double, "packets duplicated"),
        (Mistake::Change, "packets broken"),
        (Mistake::Misdeliver, "packets misdelivered"),
    ] {
        let (server, end) = network(relay.address(), mistake);
        let plan = Plan {
            server,
            pace: Pace::Rate(1000.0),
            patience: Duration::from_millis(500),
            ..relay.plan()
        };
        let report = load(plan).await.unwrap();
        end.store(true, Ordering::Relaxed);
        let failures = report.failures().join(", ");
        assert!(failures.contains(told), "{mistake:?}: {report}");
        let packets = report.packets.unwrap();
        // 40 packets of each way, the tenth ones of them.
        let wrong = [
            packets.duplicated,
            packets.broken,
            packets.misdelivered,
            packets.lost,
        ];
        assert_eq!(wrong.iter().max(), Some(&20), "{mistake:?}: {report}");
    }
    relay.server.shutdown().await;
}
