//! Accepting connections, of all listeners and protocols: so many at a time,
//! and no more.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time;
use tracing::Instrument;

use crate::metrics::{ListenerCounts, Open};
use crate::tasks::Tasks;
use crate::visitors::{Visit, Visitors};

/// Pause after a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection. In every request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Where the client is.
    pub(crate) address: SocketAddr,
    /// Where it came in.
    pub(crate) local: SocketAddr,
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
}

impl Peer {
    /// Whether nobody on the way can read what is sent.
    pub(crate) fn is_private(&self) -> bool {
        self.secure || self.address.ip().to_canonical().is_loopback()
    }
}

/// The place that a connection takes up until the last clone is dropped; in
/// every request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    _place: Arc<(OwnedSemaphorePermit, Visit, Open)>,
}

/// Lets connections in. Cheap to clone; all clones share the places.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    places: Arc<Semaphore>,
    visitors: Visitors,
    tasks: Tasks,
    /// Whether people come in while others have to leave.
    until_the_end: bool,
    /// The next connection's, for the log.
    numbers: Arc<AtomicU64>,
}

impl Entrance {
    /// An entrance for so many connections at a time, and so many of one
    /// address.
    pub(crate) fn new(places: usize, per_address: usize, tasks: Tasks) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            visitors: Visitors::new(per_address),
            tasks,
            until_the_end: false,
            numbers: Arc::default(),
        }
    }

    /// One beside it with places of its own, which stays open while the
    /// server closes.
    pub(crate) fn beside(&self, places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            visitors: Visitors::new(places),
            until_the_end: true,
            ..self.clone()
        }
    }

    /// Accepts connections until the server closes; `serve` gets each in a task
    /// of its own, not encrypted yet.
    pub(crate) async fn admit<F>(
        self,
        listener: TcpListener,
        counts: ListenerCounts,
        serve: impl Fn(TcpStream, Peer, Slot) -> F,
    ) where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener_name = counts.name();
        loop {
            let accepted = tokio::select! {
                () = self.tasks.leaving(self.until_the_end) => return,
                accepted = listener.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                counts.turned_away();
                tracing::warn!(%address, "turned away: too many connections");
                continue;
            };
            let Some(visit) = self.visitors.enter(address.ip()) else {
                counts.turned_away();
                tracing::warn!(%address, "turned away: too many connections of this address");
                continue;
            };
            let Ok(peer) = prepare(&stream, address) else {
                continue;
            };
            let slot = Slot {
                _place: Arc::new((place, visit, counts.accepted())),
            };
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            // Entered whenever the task runs: free as long as nobody asks for so much.
            let span =
                tracing::info_span!("connection", id = number, listener = listener_name, %address);
            // Boxed, because a future that is awaited takes up its room twice.
            let served = Box::pin(serve(stream, peer, slot));
            let logged = async move {
                tracing::debug!("accepted");
                match served.await {
                    Ok(()) => tracing::debug!("closed"),
                    Err(error) => tracing::debug!(%error, "a connection failed"),
                }
            };
            self.tasks.spawn(logged.instrument(span));
        }
    }
}

fn prepare(stream: &TcpStream, address: SocketAddr) -> io::Result<Peer> {
    stream.set_nodelay(true)?;
    Ok(Peer {
        address,
        local: stream.local_addr()?,
        secure: false,
    })
}
