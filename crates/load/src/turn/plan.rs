//! What a run does, and running it.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::descriptors;
use crate::error::LoadError;
use crate::process::Watched;
use crate::turn::client::{Client, Wish, ask, introduce, open};
use crate::turn::report::{Allocations, Report};
use crate::turn::traffic::Traffic;
use crate::turn::user::RelayUsers;

/// How long a server is left alone before its memory is looked at.
const SETTLING: Duration = Duration::from_millis(500);

/// Load on one relay.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The relay.
    pub server: SocketAddr,
    /// Who uses it.
    pub users: RelayUsers,
    /// How many allocations are made. An odd one out among pairs is held and does nothing.
    pub allocations: usize,
    /// Where packets go.
    pub route: Route,
    /// How packets go between client and relay.
    pub method: Method,
    /// Bytes of a packet, from [`MIN_PACKET`](crate::turn::MIN_PACKET) to
    /// [`MAX_PACKET`](crate::turn::MAX_PACKET).
    pub size: usize,
    /// When packets are sent.
    pub pace: Pace,
    /// How long packets are sent; less than the five minutes that a permission lasts.
    pub time: Duration,
    /// How long an answer, or a packet that does not come, is waited for.
    pub patience: Duration,
    /// The server's process, to tell what it uses.
    pub pid: Option<u32>,
}

/// Where packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// To a socket of this program, and back.
    Echo,
    /// From one allocation to another, in pairs, both ways.
    RelayToRelay,
}

/// How packets go between client and relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// As channel data (RFC 8656 section 12).
    Channels,
    /// As Send and Data indications (RFC 8656 section 11).
    Indications,
    /// As they are, through a forwarder that is no relay, to compare with: the first datagram of a
    /// client has the peer's address as text, and comes back. Only for [`Route::Echo`].
    Bare,
}

/// When packets are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many a second of all allocations together, each at its moment.
    Rate(f64),
    /// As soon as others have arrived: so many are under way at a time, of all allocations
    /// together, and one of each at least.
    Saturation {
        /// Packets under way.
        in_flight: usize,
    },
}

/// Puts the load on the relay, in this thread.
///
/// # Errors
/// [`LoadError`]: nothing could be measured. What should not have happened while it was is in the
/// report: [`Report::failures`].
pub fn run(plan: &Plan) -> Result<Report, LoadError> {
    descriptors::allow(plan.allocations)?;
    let watched = Watched(plan.pid);
    let mut clients = Vec::with_capacity(plan.allocations);
    for place in 0..plan.allocations {
        let client = Client::new(plan.server, plan.users.at(place)).map_err(LoadError::Socket)?;
        clients.push(client);
    }
    let memory = watched.resident_bytes()?;
    let (begin, used) = (Instant::now(), watched.processor()?);
    if plan.method != Method::Bare {
        ask(&mut clients, |_| Wish::Allocation, plan.patience)?;
    }
    let count = clients.len();
    let mut allocations = Allocations {
        count,
        seconds: begin.elapsed().as_secs_f64(),
        server_cpu_us_per_allocation: watched.each_since(used, count as u64)?,
        resident_bytes_per_allocation: None,
    };
    let mut own = clients[0].socket.local_addr().map_err(LoadError::Socket)?;
    own.set_port(0);
    let peer = open(own).map_err(LoadError::Socket)?;
    let peer_address = peer.local_addr().map_err(LoadError::Socket)?;
    let destinations: Vec<SocketAddr> = match plan.route {
        Route::Echo => vec![peer_address; count],
        Route::RelayToRelay => {
            let relayed = |place: usize| clients[place.min(count - 1)].relayed;
            let request = Wish::Allocation.name();
            (0..count)
                .map(|place| relayed(place ^ 1).ok_or(LoadError::Answer { request }))
                .collect::<Result<_, _>>()?
        }
    };
    match plan.method {
        Method::Channels => {
            let channel = |place: usize| Wish::Channel(destinations[place]);
            ask(&mut clients, channel, plan.patience)?;
        }
        Method::Indications => {
            let permission = |place: usize| Wish::Permission(destinations[place]);
            ask(&mut clients, permission, plan.patience)?;
        }
        Method::Bare => introduce(&clients, peer_address, plan.patience)?,
    }
    if memory.is_some() {
        thread::sleep(SETTLING);
        let each = memory
            .zip(watched.resident_bytes()?)
            .map(|(before, after)| {
                (after.cast_signed() - before.cast_signed()) / count.cast_signed() as i64
            });
        allocations.resident_bytes_per_allocation = each;
    }
    let packets = if plan.time.is_zero() {
        None
    } else {
        let traffic = Traffic::new(plan, &clients, &destinations, &peer)?;
        Some(traffic.run(watched)?)
    };
    if plan.method != Method::Bare {
        ask(&mut clients, |_| Wish::End, plan.patience)?;
    }
    Ok(Report {
        allocations,
        packets,
    })
}
