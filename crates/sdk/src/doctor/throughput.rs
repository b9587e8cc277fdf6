//! How well the relay carries: from one allocation to another, there and back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, sleep};
use visavis_peer::relay::RelayPath;

/// Packets, their size, and the time between two: two seconds of a call in high quality.
const PACKETS: u32 = 400;
const BYTES: usize = 1000;
const EVERY: Duration = Duration::from_millis(5);
/// How long the last ones may take.
const TAIL: Duration = Duration::from_secs(1);
/// What goes ahead until the way is open in both directions.
const OPENING: Duration = Duration::from_millis(50);
/// Above the bits that would make it a STUN message.
const MARK: u8 = 0xc0;

/// What became of a short load through the relay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Carried {
    /// The median time there and back, in milliseconds.
    pub round_trip_ms: f64,
    /// What came back, in bits a second; at most what was sent.
    pub bits_per_second: f64,
    /// What was sent, in bits a second.
    pub offered_bits_per_second: f64,
    /// The share of packets that did not come back, 0 to 1.
    pub loss: f64,
}

/// Sends from `near` to `far`, which sends everything back. `None` if nothing comes through.
pub(super) async fn measure(near: &mut RelayPath, far: &mut RelayPath) -> Option<Carried> {
    let near_address = *near.relayed().first()?;
    let far_address = *far.relayed().first()?;
    open(near, far, near_address, far_address).await?;

    let mut sent_at = Vec::with_capacity(PACKETS as usize);
    let mut trips = Vec::with_capacity(PACKETS as usize);
    let mut packet = vec![MARK; BYTES];
    let begin = Instant::now();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut last = begin;
    let end = begin + EVERY * PACKETS + TAIL;
    while trips.len() < PACKETS as usize {
        tokio::select! {
            _ = ticks.tick(), if sent_at.len() < PACKETS as usize => {
                let number = u32::try_from(sent_at.len()).unwrap_or(u32::MAX);
                packet[1..5].copy_from_slice(&number.to_be_bytes());
                sent_at.push(Some(Instant::now()));
                near.send(far_address, &packet);
            }
            received = far.receive() => {
                let (from, data) = received.ok()?;
                if from == near_address && data.len() == BYTES {
                    far.send(near_address, &data);
                }
            }
            received = near.receive() => {
                let (from, data) = received.ok()?;
                if let Some(sent) = number(&data)
                    .filter(|_| from == far_address && data.len() == BYTES)
                    .and_then(|number| sent_at.get_mut(number)?.take())
                {
                    last = Instant::now();
                    trips.push(last - sent);
                }
            }
            () = sleep(end.saturating_duration_since(Instant::now())) => break,
        }
    }
    trips.sort_unstable();
    let median = trips.get(trips.len() / 2)?;
    let bits =
        |packets: usize, time: Duration| packets as f64 * BYTES as f64 * 8.0 / time.as_secs_f64();
    let offered = EVERY * PACKETS;
    Some(Carried {
        round_trip_ms: median.as_secs_f64() * 1000.0,
        bits_per_second: bits(trips.len(), (last - begin).max(offered)),
        offered_bits_per_second: bits(PACKETS as usize, offered),
        loss: 1.0 - trips.len() as f64 / f64::from(PACKETS),
    })
}

/// Has both relays permit the other one.
async fn open(
    near: &mut RelayPath,
    far: &mut RelayPath,
    near_address: SocketAddr,
    far_address: SocketAddr,
) -> Option<()> {
    let mut ticks = interval(OPENING);
    let (mut there, mut back) = (false, false);
    for _ in 0..60 {
        tokio::select! {
            _ = ticks.tick() => {
                near.send(far_address, &[MARK]);
                far.send(near_address, &[MARK]);
            }
            received = far.receive() => there |= received.ok()?.0 == near_address,
            received = near.receive() => back |= received.ok()?.0 == far_address,
        }
        if there && back {
            return Some(());
        }
    }
    None
}

fn number(data: &[u8]) -> Option<usize> {
    let bytes = data.get(1..5)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(bytes)).ok()
}
