//! Datagrams that have arrived.

use std::array;
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, SockaddrIn6, SockaddrLike, recvmmsg};

use crate::{BATCH, Family, MAX_DATAGRAM, SMALL_BATCH};

/// From one place to the next. Were it a power of two, the beginnings of all datagrams would compete
/// for the same lines of the processor's cache.
const STRIDE: usize = MAX_DATAGRAM + 1 + 3 * 64;

/// Room for [`BATCH`] datagrams, of one socket or of several. Each is kept with a mark that tells
/// where it came in.
pub struct Inbox<M> {
    memory: Box<[u8]>,
    entries: Box<[Entry<M>]>,
    count: usize,
    // The system remembers the length of an address in them, which differs.
    headers_v4: MultiHeaders<SockaddrIn>,
    headers_v6: MultiHeaders<SockaddrIn6>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<M> {
    mark: M,
    from: SocketAddr,
    length: usize,
}

/// A datagram that has arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'i, M> {
    /// Where it came in.
    pub mark: M,
    /// Who sent it.
    pub from: SocketAddr,
    /// All of it.
    pub data: &'i [u8],
}

impl<M: Copy + Default> Default for Inbox<M> {
    fn default() -> Self {
        let nobody = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));
        let entry = Entry {
            mark: M::default(),
            from: nobody,
            length: 0,
        };
        Self {
            memory: vec![0; STRIDE * BATCH].into_boxed_slice(),
            entries: vec![entry; BATCH].into_boxed_slice(),
            count: 0,
            headers_v4: MultiHeaders::preallocate(BATCH, None),
            headers_v6: MultiHeaders::preallocate(BATCH, None),
        }
    }
}

impl<M: Copy> Inbox<M> {
    /// Adds what the socket has, `most` datagrams at most. Gives back how many; fewer than there
    /// was room for means that there were no more.
    ///
    /// # Errors
    /// `WouldBlock` when there are none; what the system says about the socket or about something
    /// that was sent with it.
    pub fn receive(
        &mut self,
        socket: BorrowedFd<'_>,
        family: Family,
        most: usize,
        mark: M,
    ) -> io::Result<usize> {
        let most = most.min(self.room());
        if most <= SMALL_BATCH {
            self.receive_few::<SMALL_BATCH>(socket, family, most, mark)
        } else {
            self.receive_few::<BATCH>(socket, family, most, mark)
        }
    }

    /// With lists for `N` datagrams.
    fn receive_few<const N: usize>(
        &mut self,
        socket: BorrowedFd<'_>,
        family: Family,
        most: usize,
        mark: M,
    ) -> io::Result<usize> {
        let mut places = self.memory.chunks_exact_mut(STRIDE).skip(self.count);
        let mut places: [[IoSliceMut<'_>; 1]; N] = array::from_fn(|_| {
            let place = places.next().unwrap_or_default();
            let length = place.len().min(MAX_DATAGRAM);
            [IoSliceMut::new(&mut place[..length])]
        });
        let places = &mut places[..most];
        let entries = &mut self.entries[self.count..];
        let received = match family {
            Family::V4 => list(
                &mut self.headers_v4,
                socket,
                places,
                entries,
                mark,
                |from| SocketAddrV4::from(from).into(),
            ),
            Family::V6 => list(
                &mut self.headers_v6,
                socket,
                places,
                entries,
                mark,
                |from| SocketAddrV6::from(from).into(),
            ),
        }?;
        self.count += received;
        Ok(received)
    }

    /// Datagrams there is room for.
    pub fn room(&self) -> usize {
        BATCH - self.count
    }

    /// What has arrived, in order.
    pub fn arrivals(&self) -> impl ExactSizeIterator<Item = Arrival<'_, M>> {
        let places = self.memory.chunks_exact(STRIDE);
        let entries = self.entries[..self.count].iter();
        entries.zip(places).map(|(entry, place)| Arrival {
            mark: entry.mark,
            from: entry.from,
            data: &place[..entry.length],
        })
    }

    /// Makes room for the next batch.
    pub fn clear(&mut self) {
        self.count = 0;
    }
}

/// Receives into `places`, and lists it.
fn list<'a, M: Copy, S: SockaddrLike + Copy + 'a>(
    headers: &'a mut MultiHeaders<S>,
    socket: BorrowedFd<'_>,
    places: &'a mut [[IoSliceMut<'a>; 1]],
    entries: &mut [Entry<M>],
    mark: M,
    address: impl Fn(S) -> SocketAddr,
) -> io::Result<usize> {
    let flags = MsgFlags::MSG_DONTWAIT;
    let received = recvmmsg(socket.as_raw_fd(), headers, places, flags, None)?;
    let mut count = 0;
    for (message, entry) in received.zip(entries) {
        count += 1;
        *entry = Entry {
            mark,
            from: message.address.map_or(entry.from, &address),
            length: message.bytes,
        };
    }
    Ok(count)
}

impl<M: Copy + fmt::Debug> fmt::Debug for Inbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.entries[..self.count]).finish()
    }
}
