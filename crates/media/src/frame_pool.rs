//! Memory for pictures, used again when nobody looks at the old picture any more.
//!
//! A 720p picture is 1.4 MB. Taking that from the operating system and giving it back
//! thirty times a second costs more than painting or copying it.

use std::sync::Arc;
use std::time::Duration;

use crate::frame::{FrameError, VideoFrame};

/// Pictures that are remembered; more may be alive at a time.
const REMEMBERED: usize = 8;

/// Gives out pictures of mostly one size.
#[derive(Default)]
pub(crate) struct FramePool {
    buffers: Vec<Arc<[u8]>>,
    oldest: usize,
}

impl FramePool {
    /// A picture whose bytes are set by `fill`, which has to write all of them.
    pub(crate) fn frame(
        &mut self,
        (width, height): (u32, u32),
        timestamp: Duration,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<VideoFrame, FrameError> {
        let mut buffer = self.take(VideoFrame::byte_len(width, height)?);
        if let Some(bytes) = Arc::get_mut(&mut buffer) {
            fill(bytes);
        }
        self.remember(&buffer);
        VideoFrame::new(width, height, buffer, timestamp)
    }

    /// A buffer of this length that nobody else holds.
    fn take(&mut self, len: usize) -> Arc<[u8]> {
        self.buffers.retain(|buffer| buffer.len() == len);
        let free = self
            .buffers
            .iter_mut()
            .position(|buffer| Arc::get_mut(buffer).is_some());
        match free {
            Some(index) => self.buffers.swap_remove(index),
            None => std::iter::repeat_n(0, len).collect(),
        }
    }

    fn remember(&mut self, buffer: &Arc<[u8]>) {
        if self.buffers.len() < REMEMBERED {
            self.buffers.push(Arc::clone(buffer));
        } else {
            self.buffers[self.oldest % REMEMBERED] = Arc::clone(buffer);
            self.oldest += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn frame(pool: &mut FramePool, size: (u32, u32), value: u8) -> VideoFrame {
        pool.frame(size, Duration::ZERO, |bytes| bytes.fill(value))
            .unwrap()
    }

    #[test]
    fn a_picture_in_use_is_never_written() {
        let mut pool = FramePool::default();
        let frames: Vec<_> = (0..20).map(|n| frame(&mut pool, (16, 16), n)).collect();
        assert!(
            frames
                .iter()
                .zip(0..)
                .all(|(frame, n)| frame.data().iter().all(|&b| b == n))
        );
    }

    #[test]
    fn memory_is_used_again() {
        let mut pool = FramePool::default();
        let first = frame(&mut pool, (16, 16), 1);
        let place = first.data().as_ptr();
        drop(first);
        assert_eq!(frame(&mut pool, (16, 16), 2).data().as_ptr(), place);
    }

    #[test]
    fn the_size_may_change() {
        let mut pool = FramePool::default();
        drop(frame(&mut pool, (16, 16), 1));
        assert_eq!(frame(&mut pool, (32, 16), 2).width(), 32);
        assert_eq!(pool.buffers.len(), 1);
    }
}
