//! Keeps all pictures of a track as a YUV4MPEG2 file.
//!
//! A thread does the writing, so that a slow disk costs pictures in the file and not in
//! the call. The first picture decides the size; later ones of another size are scaled to
//! it, since the format knows only one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::VideoRenderer;
use crate::frame::VideoFrame;
use crate::source::FrameRate;
use crate::y4m::Y4mHeader;

/// Pictures that wait for the disk; more are left out of the file.
const QUEUE_LIMIT: usize = 30;

/// Why pictures were not kept.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Y4mWriteError {
    /// The file cannot be written.
    #[error("cannot write the Y4M file")]
    Write(#[source] Arc<io::Error>),
}

impl From<io::Error> for Y4mWriteError {
    fn from(error: io::Error) -> Self {
        Self::Write(Arc::new(error))
    }
}

/// What is in a finished file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Y4mSummary {
    /// Pictures in the file.
    pub written: u64,
    /// Pictures left out because the disk was too slow.
    pub left_out: u64,
}

/// A renderer that writes a Y4M file; clones write the same file.
///
/// Add a clone to a track and keep one to [`finish`](Self::finish). Dropping the last
/// clone finishes the file too, but keeps errors to itself.
#[derive(Debug, Clone)]
pub struct Y4mWriter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: Option<SyncSender<VideoFrame>>,
    thread: Option<JoinHandle<Result<u64, Y4mWriteError>>>,
    left_out: u64,
    outcome: Option<Result<Y4mSummary, Y4mWriteError>>,
}

impl Y4mWriter {
    /// Creates the file, or empties it. The header will name `rate`; the pictures are
    /// written as they come, whatever their distance.
    ///
    /// # Errors
    /// When the file cannot be created or a thread cannot be had.
    pub fn create(path: impl AsRef<Path>, rate: FrameRate) -> Result<Self, Y4mWriteError> {
        let file = File::create(path)?;
        let (queue, pictures) = sync_channel(QUEUE_LIMIT);
        let thread = std::thread::Builder::new()
            .name("y4m-writer".into())
            .spawn(move || write_all(file, rate, &pictures))?;
        let state = State {
            queue: Some(queue),
            thread: Some(thread),
            left_out: 0,
            outcome: None,
        };
        Ok(Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
            }),
        })
    }

    /// Completes the file; pictures that come later are ignored.
    ///
    /// # Errors
    /// When something could not be written, now or earlier.
    pub fn finish(&self) -> Result<Y4mSummary, Y4mWriteError> {
        self.shared.lock().finish()
    }
}

impl VideoRenderer for Y4mWriter {
    fn render(&mut self, frame: &VideoFrame) {
        let mut state = self.shared.lock();
        let Some(queue) = &state.queue else { return };
        match queue.try_send(frame.clone()) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => state.left_out += 1,
            // The thread met an error, which `finish` tells.
            Err(TrySendError::Disconnected(_)) => state.queue = None,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn finish(&mut self) -> Result<Y4mSummary, Y4mWriteError> {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let written = thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the writing thread panicked").into()));
            let left_out = self.left_out;
            self.outcome = Some(written.map(|written| Y4mSummary { written, left_out }));
        }
        self.outcome
            .clone()
            .unwrap_or_else(|| Ok(Y4mSummary::default()))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if self.outcome.is_none()
            && let Err(error) = self.finish()
        {
            tracing::warn!(%error, "received pictures are not kept");
        }
    }
}

fn write_all(
    file: File,
    rate: FrameRate,
    pictures: &Receiver<VideoFrame>,
) -> Result<u64, Y4mWriteError> {
    let mut file = BufWriter::new(file);
    let mut header: Option<Y4mHeader> = None;
    let mut written = 0;
    for frame in pictures {
        let header = match header {
            Some(header) => header,
            None => {
                let first = Y4mHeader {
                    width: frame.width(),
                    height: frame.height(),
                    rate,
                };
                writeln!(file, "{first}")?;
                *header.insert(first)
            }
        };
        // The first picture has a valid size, so scaling to it cannot fail.
        let Ok(frame) = frame.scaled(header.width, header.height) else {
            continue;
        };
        file.write_all(b"FRAME\n")?;
        file.write_all(frame.data())?;
        written += 1;
    }
    file.flush()?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::test_files::TempFile;
    use crate::y4m::Y4mReader;
    use std::io::BufReader;
    use std::time::Duration;

    fn frame(width: u32, height: u32, luma: u8) -> VideoFrame {
        VideoFrame::filled(width, height, [luma, 128, 128], Duration::ZERO).unwrap()
    }

    fn lumas(path: &Path) -> Vec<u8> {
        let mut reader = Y4mReader::new(BufReader::new(File::open(path).unwrap())).unwrap();
        std::iter::from_fn(|| reader.read_frame().unwrap())
            .map(|frame| frame.y()[0])
            .collect()
    }

    #[test]
    fn what_was_rendered_is_in_the_file() {
        let file = TempFile::new("kept.y4m");
        let writer = Y4mWriter::create(file.path(), FrameRate::whole(30)).unwrap();
        let mut renderer = writer.clone();
        for luma in 1..=3 {
            renderer.render(&frame(33, 17, luma));
        }
        let summary = Y4mSummary {
            written: 3,
            left_out: 0,
        };
        assert_eq!(writer.finish().unwrap(), summary);
        renderer.render(&frame(33, 17, 4));
        assert_eq!(writer.finish().unwrap(), summary);
        assert_eq!(lumas(file.path()), [1, 2, 3]);
    }

    #[test]
    fn another_size_is_scaled_to_the_first() {
        let file = TempFile::new("scaled.y4m");
        let mut writer = Y4mWriter::create(file.path(), FrameRate::whole(30)).unwrap();
        writer.render(&frame(32, 32, 1));
        writer.render(&frame(64, 48, 2));
        drop(writer);
        assert_eq!(lumas(file.path()), [1, 2]);
    }

    #[test]
    fn without_pictures_the_file_is_empty() {
        let file = TempFile::new("empty.y4m");
        let writer = Y4mWriter::create(file.path(), FrameRate::whole(30)).unwrap();
        assert_eq!(writer.finish().unwrap(), Y4mSummary::default());
        assert_eq!(std::fs::metadata(file.path()).unwrap().len(), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_reported() {
        let writer = Y4mWriter::create("/dev/full", FrameRate::whole(30)).unwrap();
        writer.clone().render(&frame(640, 480, 1));
        assert!(matches!(writer.finish(), Err(Y4mWriteError::Write(_))));
        assert!(writer.finish().is_err());
        assert!(Y4mWriter::create("/no such folder/x.y4m", FrameRate::whole(30)).is_err());
    }
}
