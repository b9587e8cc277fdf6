//! The packets: sent, sent back by the peer, and entered where they arrive.

use std::io;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use visavis_datagrams::{Arrival, BATCH, Family, Inbox, Outbox, Parcel};

use crate::error::LoadError;
use crate::latency::Histogram;
use crate::process::Watched;
use crate::report::Latency;
use crate::turn::client::Client;
use crate::turn::packet::Label;
use crate::turn::plan::{Pace, Plan, Route};
use crate::turn::report::Packets;
use crate::turn::sockets::Sockets;
use crate::turn::way::{Way, packet};

/// After which packets of a way that nothing is heard of make room for others.
const GIVEN_UP: Duration = Duration::from_millis(500);
/// Longest pause while packets are under way.
const PAUSE: Duration = Duration::from_millis(100);

/// All that is under way.
pub(super) struct Traffic<'p> {
    plan: &'p Plan,
    clients: &'p [Client],
    peer: &'p UdpSocket,
    /// By the place of the client that sends.
    ways: Vec<Way>,
    /// Ways of which something has arrived.
    due: Vec<usize>,
    sockets: Sockets,
    ready: Vec<usize>,
    inbox: Inbox<()>,
    outbox: Outbox,
    /// Where packets are written, one beside the other.
    packets: Vec<Vec<u8>>,
    family: Family,
    begin: Instant,
    /// Packets that the peer has sent back.
    echoed: u64,
    broken: u64,
    misdelivered: u64,
    latency: Histogram,
    lateness: Histogram,
}

impl<'p> Traffic<'p> {
    pub(super) fn new(
        plan: &'p Plan,
        clients: &'p [Client],
        destinations: &[SocketAddr],
        peer: &'p UdpSocket,
    ) -> Result<Self, LoadError> {
        let count = match plan.route {
            Route::Echo => clients.len(),
            Route::RelayToRelay => clients.len() / 2 * 2,
        };
        let sockets = Sockets::new()?;
        for (number, client) in clients.iter().enumerate() {
            sockets.add(&client.socket, number)?;
        }
        sockets.add(peer, clients.len())?;
        let ways = destinations[..count].iter();
        let ways = ways.map(|peer| Way::new(plan.method, *peer, plan.size));
        Ok(Self {
            plan,
            clients,
            peer,
            ways: ways.collect::<Result<_, _>>()?,
            due: (0..count).collect(),
            sockets,
            ready: Vec::new(),
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            packets: vec![vec![b'x'; plan.size]; BATCH],
            family: Family::of(&plan.server),
            begin: Instant::now(),
            echoed: 0,
            broken: 0,
            misdelivered: 0,
            latency: Histogram::default(),
            lateness: Histogram::default(),
        })
    }

    pub(super) fn run(mut self, watched: Watched) -> Result<Packets, LoadError> {
        let used = watched.processor()?;
        self.begin = Instant::now();
        let mut looked = Duration::ZERO;
        // Packets that were due so far, where there is a rate.
        let mut meant = 0;
        let mut sending = self.plan.time;
        loop {
            let now = self.begin.elapsed();
            let mut pause = PAUSE;
            if now < self.plan.time {
                match self.plan.pace {
                    Pace::Rate(rate) => {
                        meant = self.send_due(rate, meant, now);
                        let next = Duration::from_secs_f64(meant as f64 / rate);
                        pause = pause.min(next.saturating_sub(self.begin.elapsed()));
                    }
                    Pace::Saturation { in_flight } => self.fill_up(in_flight, now),
                }
            } else {
                if self.has_all() || now > self.heard() + self.plan.patience {
                    break;
                }
                sending = sending.max(self.heard());
            }
            if now > looked + GIVEN_UP {
                looked = now;
                self.give_up(now);
            }
            self.receive(pause)?;
        }
        let received: u64 = self.ways.iter().map(|way| way.book.received).sum();
        let relayed = received + self.echoed;
        let each = watched.each_since(used, relayed)?;
        Ok(self.report(received, relayed, sending, each))
    }

    /// When something was last heard, and the last packet was to be sent at the earliest.
    fn heard(&self) -> Duration {
        let heard = self.ways.iter().map(|way| way.heard).max();
        heard.unwrap_or_default().max(self.plan.time)
    }

    fn has_all(&self) -> bool {
        self.ways.iter().all(|way| way.book.lost(way.sent) == 0)
    }

    /// Sends what has become due of so many packets a second, each way in its turn.
    fn send_due(&mut self, rate: f64, mut number: u64, now: Duration) -> u64 {
        loop {
            let meant = Duration::from_secs_f64(number as f64 / rate);
            if meant > now || meant >= self.plan.time {
                return number;
            }
            let way = (number % self.ways.len() as u64) as usize;
            self.send(way, 1, meant);
            let late = self.begin.elapsed().saturating_sub(meant);
            self.lateness.record(late.as_nanos() as u64);
            number += 1;
        }
    }

    /// Sends until each way has its share of packets under way.
    fn fill_up(&mut self, in_flight: usize, now: Duration) {
        let count = self.ways.len();
        let mut due = std::mem::take(&mut self.due);
        for way in due.drain(..) {
            let share = in_flight / count + usize::from(way < in_flight % count);
            let missing = share.max(1).saturating_sub(self.ways[way].in_flight);
            self.send(way, missing.min(BATCH), now);
        }
        self.due = due;
    }

    fn send(&mut self, at: usize, count: usize, meant: Duration) {
        let way = &mut self.ways[at];
        for packet in &mut self.packets[..count] {
            let label = Label {
                way: at as u32,
                number: way.sent,
                time: meant.as_nanos() as u64,
            };
            label.write(packet);
            way.sent += 1;
        }
        way.in_flight += count;
        let parcels = self.packets[..count].iter().map(|packet| Parcel {
            to: None,
            parts: [&way.head, packet, &[0; 3][..way.padding]],
        });
        // What the system does not take is missed by the receiver.
        self.outbox.send(self.clients[at].socket.as_fd(), parcels);
    }

    fn give_up(&mut self, now: Duration) {
        for (at, way) in self.ways.iter_mut().enumerate() {
            if now > way.heard + GIVEN_UP {
                way.in_flight = 0;
                way.heard = way.heard.max(now.min(self.plan.time));
                self.due.push(at);
            }
        }
    }

    /// Takes in what has come, and what comes until `pause` is over.
    fn receive(&mut self, pause: Duration) -> Result<(), LoadError> {
        let mut ready = std::mem::take(&mut self.ready);
        ready.extend(self.sockets.ready(pause)?);
        for number in ready.drain(..) {
            self.inbox.clear();
            let socket = self.clients.get(number).map(|client| &client.socket);
            let from = socket.unwrap_or(self.peer).as_fd();
            match self.inbox.receive(from, self.family, BATCH, ()) {
                Ok(_) if socket.is_none() => self.echo(),
                Ok(_) => self.enter(number),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // About something that was sent: it is missed by the receiver.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(LoadError::Socket(error)),
            }
        }
        self.ready = ready;
        Ok(())
    }

    fn echo(&mut self) {
        let parcels = self.inbox.arrivals().map(|arrival| Parcel {
            to: Some(arrival.from),
            parts: [arrival.data, &[], &[]],
        });
        self.echoed += parcels.len() as u64;
        self.outbox.send(self.peer.as_fd(), parcels);
    }

    /// Enters what a client has received.
    fn enter(&mut self, number: usize) {
        let now = self.begin.elapsed();
        let at = match self.plan.route {
            Route::Echo => number,
            Route::RelayToRelay => number ^ 1,
        };
        for Arrival { data, .. } in self.inbox.arrivals() {
            let label = packet(self.plan.method, data)
                .and_then(|packet| Label::read(packet, self.plan.size));
            let Some(Label { way, number, time }) = label else {
                self.broken += 1;
                continue;
            };
            if way as usize != at || at >= self.ways.len() {
                self.misdelivered += 1;
                continue;
            }
            let way = &mut self.ways[at];
            way.book.enter(number);
            way.in_flight = way.in_flight.saturating_sub(1);
            way.heard = now;
            self.due.push(at);
            self.latency
                .record((now.as_nanos() as u64).saturating_sub(time));
        }
    }

    fn report(&self, received: u64, relayed: u64, sending: Duration, each: Option<f64>) -> Packets {
        let plan = self.plan;
        let sum = |number: fn(&Way) -> u64| self.ways.iter().map(number).sum::<u64>();
        let (rate, in_flight) = match plan.pace {
            Pace::Rate(rate) => (Some(rate), None),
            Pace::Saturation { in_flight } => (None, Some(in_flight.max(self.ways.len()))),
        };
        let seconds = sending.as_secs_f64();
        Packets {
            route: plan.route,
            method: plan.method,
            ways: self.ways.len(),
            packet_bytes: plan.size,
            rate,
            in_flight,
            seconds,
            sent: sum(|way| way.sent),
            received,
            lost: sum(|way| way.book.lost(way.sent)),
            duplicated: sum(|way| way.book.duplicated),
            reordered: sum(|way| way.book.reordered),
            broken: self.broken,
            misdelivered: self.misdelivered,
            relayed,
            relayed_per_second: relayed as f64 / seconds,
            server_cpu_us_per_packet: each,
            latency: Latency::of(&self.latency),
            lateness: Latency::of(&self.lateness),
        }
    }
}
