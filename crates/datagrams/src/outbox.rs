//! Datagrams to be sent.

use std::array;
use std::fmt;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};

use crate::{BATCH, SMALL_BATCH};

/// A datagram to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'d> {
    /// To whom; `None` where the socket is connected.
    pub to: Option<SocketAddr>,
    /// Its content, in pieces that follow each other.
    pub parts: [&'d [u8]; 3],
}

/// What is needed to send batches.
pub struct Outbox {
    headers: MultiHeaders<SockaddrStorage>,
    addresses: Box<[Option<SockaddrStorage>]>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            headers: MultiHeaders::preallocate(BATCH, None),
            addresses: vec![None; BATCH].into_boxed_slice(),
        }
    }
}

/// The pieces of a datagram that are not empty.
struct Pieces<'d> {
    slices: [IoSlice<'d>; 3],
    count: usize,
}

impl<'d> Pieces<'d> {
    fn of(parts: [&'d [u8]; 3]) -> Self {
        let mut slices = [IoSlice::new(&[]); 3];
        let mut count = 0;
        for part in parts {
            if !part.is_empty() {
                slices[count] = IoSlice::new(part);
                count += 1;
            }
        }
        Self { slices, count }
    }
}

impl<'d> AsRef<[IoSlice<'d>]> for Pieces<'d> {
    fn as_ref(&self) -> &[IoSlice<'d>] {
        &self.slices[..self.count]
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
                1 => self.send_few::<1>(socket, &mut parcels),
                ..=SMALL_BATCH => self.send_few::<SMALL_BATCH>(socket, &mut parcels),
                _ => self.send_few::<BATCH>(socket, &mut parcels),
            };
        }
        lost
    }

    /// Sends the next `N`.
    fn send_few<'d, const N: usize>(
        &mut self,
        socket: BorrowedFd<'_>,
        parcels: &mut impl ExactSizeIterator<Item = Parcel<'d>>,
    ) -> usize {
        let mut count = 0;
        let pieces: [Pieces<'_>; N] = array::from_fn(|at| {
            let parts = parcels.next().map_or([&[][..]; 3], |parcel| {
                self.addresses[at] = parcel.to.map(SockaddrStorage::from);
                count = at + 1;
                parcel.parts
            });
            Pieces::of(parts)
        });
        let (mut begin, mut lost) = (0, 0);
        while begin < count {
            let sent = sendmmsg(
                socket.as_raw_fd(),
                &mut self.headers,
                &pieces[begin..count],
                &self.addresses[begin..count],
                [] as [ControlMessage<'_>; 0],
                MsgFlags::MSG_DONTWAIT,
            );
            match sent.map(Iterator::count) {
                Ok(sent) => begin += sent,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return lost + count - begin,
                // The first one cannot be sent, or something that was sent earlier came back.
                Err(_) => {
                    lost += 1;
                    begin += 1;
                }
            }
        }
        lost
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}
