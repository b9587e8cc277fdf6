//! Pictures from a YUV4MPEG2 file, at the file's own frame rate.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use super::{AtEnd, Next, Pacer, VideoFormat, VideoSource};
use crate::frame::VideoFrame;
use crate::y4m::{Y4mError, Y4mReader};

/// A reader that comes later than this delays the film instead of catching up.
const ALLOWED_LATENESS: Duration = Duration::from_millis(100);

/// A film. No picture is ever skipped: a late reader sees it slower.
pub struct Y4mFile {
    reader: Y4mReader<BufReader<File>>,
    /// Read ahead when it was opened, so that an unusable file is noticed then.
    first: Option<VideoFrame>,
    /// Where the first picture begins in the file.
    begin: u64,
    at_end: AtEnd,
    pacer: Pacer,
}

impl Y4mFile {
    /// Opens a file and reads its first picture.
    ///
    /// # Errors
    /// When it cannot be read, is of a kind that is not supported, or has no picture.
    pub fn open(path: impl AsRef<Path>, at_end: AtEnd) -> Result<Self, Y4mError> {
        let mut reader = Y4mReader::new(BufReader::new(File::open(path)?))?;
        let begin = reader.get_mut().stream_position()?;
        let first = Some(reader.read_frame()?.ok_or(Y4mError::Empty)?);
        let pacer = Pacer::new(reader.header().rate, ALLOWED_LATENESS);
        Ok(Self {
            reader,
            first,
            begin,
            at_end,
            pacer,
        })
    }

    fn read(&mut self) -> Result<Option<VideoFrame>, Y4mError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        match self.reader.read_frame() {
            Ok(Some(frame)) => return Ok(Some(frame)),
            Err(error) if self.at_end == AtEnd::Stop => return Err(error),
            Ok(None) if self.at_end == AtEnd::Stop => return Ok(None),
            // A damaged end is an end.
            Ok(None) | Err(_) => {}
        }
        self.reader.get_mut().seek(SeekFrom::Start(self.begin))?;
        self.reader.read_frame()
    }
}

impl VideoSource for Y4mFile {
    fn format(&self) -> VideoFormat {
        let header = self.reader.header();
        VideoFormat {
            width: header.width,
            height: header.height,
            fps: header.rate,
        }
    }

    fn next_frame(&mut self, wait: Duration) -> Next<VideoFrame> {
        let Some(index) = self.pacer.tick(wait) else {
            return Next::NotYet;
        };
        match self.read() {
            Ok(Some(frame)) => Next::Frame(frame.with_timestamp(self.pacer.rate().time_of(index))),
            Ok(None) => Next::Ended,
            Err(error) => {
                tracing::warn!(%error, "the film ends early");
                Next::Ended
            }
        }
    }
}
