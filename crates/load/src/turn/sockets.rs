//! Which of many sockets have something, waited for to less than a tenth of a millisecond.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::io::Errno;

use crate::error::LoadError;

/// Sockets that are told at a time.
const EVENTS: usize = 256;

/// A set of sockets, each with a number.
pub(super) struct Sockets {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Sockets {
    pub(super) fn new() -> Result<Self, LoadError> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).map_err(failed)?,
            events: Vec::with_capacity(EVENTS),
        })
    }

    pub(super) fn add(&self, socket: impl AsFd, number: usize) -> Result<(), LoadError> {
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN).map_err(failed)
    }

    /// Those that have something, after `pause` at the latest; perhaps not all of them.
    pub(super) fn ready(
        &mut self,
        pause: Duration,
    ) -> Result<impl Iterator<Item = usize> + use<'_>, LoadError> {
        self.events.clear();
        if !pause.is_zero() {
            let pause = Timespec {
                tv_sec: pause.as_secs().cast_signed(),
                tv_nsec: pause.subsec_nanos().into(),
            };
            // epoll(7) itself waits for whole milliseconds.
            match poll(&mut [PollFd::new(&self.epoll, PollFlags::IN)], Some(&pause)) {
                Err(error) if error != Errno::INTR => return Err(failed(error)),
                _ => {}
            }
        }
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let room = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, room, Some(&now)) {
            Err(error) if error != Errno::INTR => return Err(failed(error)),
            _ => {}
        }
        Ok(self.events.iter().map(|event| event.data.u64() as usize))
    }
}

fn failed(error: Errno) -> LoadError {
    LoadError::Socket(error.into())
}
