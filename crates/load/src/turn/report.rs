//! What a run has found.

use std::fmt;

use serde::Serialize;

use crate::report::{Latency, server_cpu};
use crate::turn::plan::{Method, Route};

/// Everything that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The allocations that were made.
    pub allocations: Allocations,
    /// The packets that were relayed; none if none were to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packets: Option<Packets>,
}

/// Allocations, a few at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Allocations {
    /// How many.
    pub count: usize,
    /// How long all of them took, in seconds.
    pub seconds: f64,
    /// The server's processor time for each, in microseconds: for the request without credentials
    /// and the one with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_us_per_allocation: Option<f64>,
    /// What each has added to the server's memory, with its permission or channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident_bytes_per_allocation: Option<i64>,
}

/// Relayed packets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Packets {
    /// Where they went.
    pub route: Route,
    /// How they went between client and relay.
    pub method: Method,
    /// Allocations that sent.
    pub ways: usize,
    /// Bytes of a packet.
    pub packet_bytes: usize,
    /// Packets a second that were to be sent; none at saturation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Packets that were under way at a time; none at a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<usize>,
    /// How long packets were sent and received, in seconds.
    pub seconds: f64,
    /// Packets that were sent by clients.
    pub sent: u64,
    /// Packets that arrived at clients, doubles included.
    pub received: u64,
    /// Packets that never arrived.
    pub lost: u64,
    /// Packets that arrived once more.
    pub duplicated: u64,
    /// Packets that arrived behind later ones of their sender, which UDP allows.
    pub reordered: u64,
    /// Packets that arrived and were not as they had been sent.
    pub broken: u64,
    /// Packets that arrived at another client.
    pub misdelivered: u64,
    /// Times that the server has passed on a packet: an echo counts twice.
    pub relayed: u64,
    /// The same, a second.
    pub relayed_per_second: f64,
    /// The server's processor time for each time, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_us_per_packet: Option<f64>,
    /// From the moment a packet was meant to be sent to its arrival; of an echo, there and back.
    pub latency: Latency,
    /// From the moment a packet was meant to be sent to when it was: what this program adds to the
    /// latency.
    pub lateness: Latency,
}

impl Report {
    /// What should not have happened, in words; empty if nothing did.
    pub fn failures(&self) -> Vec<String> {
        self.packets
            .as_ref()
            .map(Packets::failures)
            .unwrap_or_default()
    }
}

impl Packets {
    /// What should not have happened to a packet, in words; empty if nothing did.
    pub fn failures(&self) -> Vec<String> {
        let counts = [
            (self.lost, "lost"),
            (self.duplicated, "duplicated"),
            (self.broken, "broken"),
            (self.misdelivered, "misdelivered"),
        ];
        let told = counts.iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{count} packets {what}"))
            .collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Allocations { count, seconds, .. } = self.allocations;
        write!(f, "allocations: {count} in {seconds:.2} s")?;
        if let Some(bytes) = self.allocations.resident_bytes_per_allocation {
            write!(f, ", {bytes} bytes of the server's memory each")?;
        }
        let each = self.allocations.server_cpu_us_per_allocation;
        server_cpu(f, each, "allocation")?;
        match &self.packets {
            Some(packets) => write!(f, "{packets}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Packets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let route = match self.route {
            Route::Echo => "to a peer and back",
            Route::RelayToRelay => "from relay to relay",
        };
        let method = match self.method {
            Method::Channels => "channels",
            Method::Indications => "indications",
            Method::Bare => "a forwarder",
        };
        write!(
            f,
            "packets: {route} by {method}, {} allocations, {} bytes, ",
            self.ways, self.packet_bytes
        )?;
        match (self.rate, self.in_flight) {
            (Some(rate), _) => write!(f, "{rate} a second, ")?,
            (None, in_flight) => write!(f, "{} under way, ", in_flight.unwrap_or_default())?,
        }
        write!(
            f,
            "{:.1} s: {} sent, {} received, {} lost, {} duplicated, {} reordered, {} broken, \
             {} misdelivered; {:.0} relayed a second",
            self.seconds,
            self.sent,
            self.received,
            self.lost,
            self.duplicated,
            self.reordered,
            self.broken,
            self.misdelivered,
            self.relayed_per_second
        )?;
        server_cpu(f, self.server_cpu_us_per_packet, "relayed packet")?;
        writeln!(f, "  latency: {}", self.latency)?;
        if self.rate.is_some() {
            writeln!(f, "  sent late by: {}", self.lateness)?;
        }
        Ok(())
    }
}
