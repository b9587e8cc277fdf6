//! Datagrams to be sent.

use std::array;
use std::fmt;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};

use crate::{BATCH, MAX_DATAGRAM, SMALL_BATCH};

/// Pieces of a datagram at most.
const PARTS: usize = 3;
/// Most bytes in a run: with its headers it is a packet of IP.
const MAX_RUN: usize = MAX_DATAGRAM - 8 - 40;

/// A datagram to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'d> {
    /// To whom; `None` where the socket is connected.
    pub to: Option<SocketAddr>,
    /// Its content, in pieces that follow each other.
    pub parts: [&'d [u8]; PARTS],
}

impl Parcel<'_> {
    fn length(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum()
    }
}

/// What is needed to send batches.
///
/// Datagrams of one length for one receiver that follow each other are handed to the system as one,
/// which it cuts up as late as it can (UDP_SEGMENT, udp(7)). A system or a network card that cannot
/// gets them one by one.
pub struct Outbox {
    headers: MultiHeaders<SockaddrStorage>,
    /// Those that say how long the datagrams of a run are.
    run_headers: MultiHeaders<SockaddrStorage>,
    addresses: Box<[Option<SockaddrStorage>]>,
    can_cut: bool,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            headers: MultiHeaders::preallocate(BATCH, None),
            run_headers: MultiHeaders::preallocate(BATCH, Some(nix::cmsg_space!(u16))),
            addresses: vec![None; BATCH].into_boxed_slice(),
            can_cut: true,
        }
    }
}

/// Datagrams that follow each other: all but the last are `length` long, and that is no longer.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    to: Option<SocketAddr>,
    length: usize,
    last: usize,
    bytes: usize,
    /// The end of its datagrams, and of its pieces.
    datagrams: usize,
    pieces: usize,
}

impl Run {
    /// Whether a datagram of so many bytes can be the next one.
    fn admits(&self, to: Option<SocketAddr>, length: usize) -> bool {
        self.to == to
            && self.last == self.length
            && (1..=self.length).contains(&length)
            && self.bytes + length <= MAX_RUN
    }
}

impl Outbox {
    /// Sends all of them, and gives back how many the system did not take: those are lost, as they
    /// would be anywhere else in a network. The addresses are of the socket's family.
    pub fn send<'d>(
        &mut self,
        socket: BorrowedFd<'_>,
        mut parcels: impl ExactSizeIterator<Item = Parcel<'d>>,
    ) -> usize {
        let mut lost = 0;
        while parcels.len() > 0 {
            lost += match parcels.len() {
                1 => self.send_few::<1, PARTS>(socket, &mut parcels),
                ..=SMALL_BATCH => {
                    self.send_few::<SMALL_BATCH, { PARTS * SMALL_BATCH }>(socket, &mut parcels)
                }
                _ => self.send_few::<BATCH, { PARTS * BATCH }>(socket, &mut parcels),
            };
        }
        lost
    }

    /// Sends the next `N`, which have `M` pieces at most.
    fn send_few<'d, const N: usize, const M: usize>(
        &mut self,
        socket: BorrowedFd<'_>,
        parcels: &mut impl ExactSizeIterator<Item = Parcel<'d>>,
    ) -> usize {
        let mut pieces = [IoSlice::new(&[]); M];
        // Where the pieces of each datagram end.
        let mut ends = [0; N];
        let mut runs = [Run::default(); N];
        let (mut piece, mut count) = (0, 0);
        for (at, parcel) in parcels.take(N).enumerate() {
            for part in parcel.parts.into_iter().filter(|part| !part.is_empty()) {
                pieces[piece] = IoSlice::new(part);
                piece += 1;
            }
            ends[at] = piece;
            let length = parcel.length();
            let goes_on = self.can_cut && count > 0 && runs[count - 1].admits(parcel.to, length);
            if !goes_on {
                runs[count] = Run {
                    to: parcel.to,
                    length,
                    ..Run::default()
                };
                self.addresses[count] = parcel.to.map(SockaddrStorage::from);
                count += 1;
            }
            let run = &mut runs[count - 1];
            run.last = length;
            run.bytes += length;
            run.datagrams = at + 1;
            run.pieces = piece;
        }
        let runs = &runs[..count];
        let before = |at: usize| at.checked_sub(1).map(|at| runs[at]).unwrap_or_default();
        let messages: [&[IoSlice<'_>]; N] = array::from_fn(|at| match runs.get(at) {
            Some(run) => &pieces[before(at).pieces..run.pieces],
            None => &[],
        });
        let (mut begin, mut lost) = (0, 0);
        while begin < count {
            let (end, length) = alike(&runs[begin..], before(begin).datagrams);
            let end = begin + end;
            let sent = self.hand_over(socket, &messages[begin..end], begin, length);
            match sent {
                Ok(sent) => begin += sent,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    return lost + before(count).datagrams - before(begin).datagrams;
                }
                // The first one cannot be cut, or not be sent, or something that was sent earlier
                // came back.
                Err(error) => {
                    if length.is_some() {
                        // Without offload there is no checksum for what the system cuts.
                        self.can_cut &= error != Errno::EIO;
                        for at in before(begin).datagrams..runs[begin].datagrams {
                            let from = at.checked_sub(1).map_or(0, |at| ends[at]);
                            let one = [&pieces[from..ends[at]]];
                            lost += usize::from(self.hand_over(socket, &one, begin, None).is_err());
                        }
                    } else {
                        lost += 1;
                    }
                    begin += 1;
                }
            }
        }
        lost
    }

    /// Sends messages whose addresses are at `begin`, each to be cut into datagrams of `length`.
    fn hand_over(
        &mut self,
        socket: BorrowedFd<'_>,
        messages: &[&[IoSlice<'_>]],
        begin: usize,
        length: Option<u16>,
    ) -> Result<usize, Errno> {
        let addresses = &self.addresses[begin..begin + messages.len()];
        let length = length.as_ref();
        let cut = length.map(ControlMessage::UdpGsoSegments);
        let headers = match cut {
            Some(_) => &mut self.run_headers,
            None => &mut self.headers,
        };
        let flags = MsgFlags::MSG_DONTWAIT;
        sendmmsg(
            socket.as_raw_fd(),
            headers,
            messages,
            addresses,
            cut.as_slice(),
            flags,
        )
        .map(Iterator::count)
    }
}

/// How many of the runs can be sent with one call, and how long the datagrams are into which the
/// system has to cut them; `before` the first of them there are so many datagrams.
fn alike(runs: &[Run], mut before: usize) -> (usize, Option<u16>) {
    let (mut cut, mut longest) = (None, 0);
    for (at, run) in runs.iter().enumerate() {
        let is_single = run.datagrams - before == 1;
        before = run.datagrams;
        match cut {
            None if is_single => longest = run.length.max(longest),
            None if longest <= run.length => cut = Some(run.length),
            // One that is not longer is not cut.
            Some(length) if length == run.length || is_single && length > run.length => {}
            _ => return (at, cut.map(|length| length as u16)),
        }
    }
    (runs.len(), cut.map(|length| length as u16))
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}
