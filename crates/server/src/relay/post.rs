//! Datagrams that wait to be sent together.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;

use arrayvec::ArrayVec;
use mio::Token;
use visavis_datagrams::{BATCH, Family, Outbox, Parcel};
use visavis_turn::Frame;

use super::worker::{Port, Shell};

/// One datagram.
pub(super) struct Sending<'d> {
    through: Token,
    to: SocketAddr,
    content: Content<'d>,
}

enum Content<'d> {
    Framed(Frame<'d>),
    Bare(&'d [u8]),
}

impl<'d> Sending<'d> {
    /// A message around data, through this socket.
    pub(super) const fn framed(through: Token, to: SocketAddr, frame: Frame<'d>) -> Self {
        Self {
            through,
            to,
            content: Content::Framed(frame),
        }
    }

    /// Just these bytes.
    pub(super) const fn bare(through: Token, to: SocketAddr, data: &'d [u8]) -> Self {
        Self {
            through,
            to,
            content: Content::Bare(data),
        }
    }

    fn parcel(&self, port: &Port) -> Parcel<'_> {
        // A dual-stack socket wants IPv4 as mapped IPv6.
        let to = match self.to.ip() {
            IpAddr::V4(address) if port.family == Family::V6 => {
                SocketAddr::new(address.to_ipv6_mapped().into(), self.to.port())
            }
            _ => self.to,
        };
        Parcel {
            to: Some(to),
            parts: match &self.content {
                Content::Framed(frame) => frame.parts(),
                Content::Bare(data) => [data, &[], &[]],
            },
        }
    }
}

/// Sends them through the same socket.
pub(super) fn send<'s>(
    sendings: impl ExactSizeIterator<Item = &'s Sending<'s>>,
    port: &Port,
    outbox: &mut Outbox,
) {
    let parcels = sendings.map(|sending| sending.parcel(port));
    let lost = outbox.send(port.socket.as_fd(), parcels);
    if lost > 0 {
        // As in any network: the other side notices.
        tracing::trace!(lost, "datagrams could not be sent");
    }
}

/// What a batch has led to: for each datagram received, one to be sent at most.
#[derive(Default)]
pub(super) struct Post<'d>(ArrayVec<Sending<'d>, BATCH>);

impl<'d> Post<'d> {
    pub(super) fn push(&mut self, sending: Sending<'d>) {
        self.0.push(sending);
    }

    /// Sends everything, by socket, and in order to each receiver.
    pub(super) fn send(&mut self, shell: &Shell, outbox: &mut Outbox) {
        let ways = self.0.iter().map(|sending| (sending.through, sending.to));
        // Those for one receiver beside each other: they are cheaper together.
        let mut order: ArrayVec<((Token, SocketAddr), usize), BATCH> = ways.zip(0..).collect();
        order.sort_unstable();
        for together in order.chunk_by(|one, next| one.0.0 == next.0.0) {
            if let Some(port) = shell.port(together[0].0.0) {
                let sendings = together.iter().map(|(_, at)| &self.0[*at]);
                send(sendings, port, outbox);
            }
        }
        self.0.clear();
    }
}
