//! Keeps the last picture of a track as a PNG file.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::VideoRenderer;
use super::rgb::to_rgb;
use super::snapshot::Snapshot;
use crate::frame::VideoFrame;

/// Why a picture was not kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PngError {
    /// The file cannot be written.
    #[error("cannot write the PNG file")]
    Write(#[source] io::Error),
    /// The encoder refused.
    #[error("cannot encode the picture as PNG")]
    Encode(#[from] png::EncodingError),
}

/// Writes one picture to a file, which is created or replaced.
///
/// # Errors
/// When the file cannot be written.
pub fn write_png(frame: &VideoFrame, path: impl AsRef<Path>) -> Result<(), PngError> {
    let file = File::create(path).map_err(PngError::Write)?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), frame.width(), frame.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&to_rgb(frame))?;
    Ok(writer.finish()?)
}

/// A renderer that remembers the last picture and writes it when it is finished; clones
/// are the same renderer.
///
/// Add a clone to a track and keep one to [`finish`](Self::finish). Dropping the last
/// clone writes the file too, but keeps errors to itself.
#[derive(Debug, Clone)]
pub struct PngRenderer {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    snapshot: Snapshot,
}

impl PngRenderer {
    /// Nothing is written yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let inner = Inner {
            path: path.into(),
            snapshot: Snapshot::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Writes the last picture; false when there was none. Can be called again to replace
    /// the file by a later picture.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(&self) -> Result<bool, PngError> {
        self.inner.write()
    }
}

impl VideoRenderer for PngRenderer {
    fn render(&mut self, frame: &VideoFrame) {
        self.inner.snapshot.take(frame);
    }
}

impl Inner {
    fn write(&self) -> Result<bool, PngError> {
        match self.snapshot.latest_unseen() {
            Some(frame) => write_png(&frame, &self.path).map(|()| true),
            None => Ok(self.snapshot.latest().is_some()),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.write() {
            tracing::warn!(%error, "the last picture is not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::test_files::TempFile;
    use std::time::Duration;

    fn first_pixel(path: &Path) -> (u32, u32, [u8; 3]) {
        let decoder = png::Decoder::new(io::BufReader::new(File::open(path).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        (info.width, info.height, [bytes[0], bytes[1], bytes[2]])
    }

    fn frame(luma: u8) -> VideoFrame {
        VideoFrame::filled(33, 17, [luma, 128, 128], Duration::ZERO).unwrap()
    }

    #[test]
    fn the_last_picture_is_written() {
        let file = TempFile::new("last.png");
        let png = PngRenderer::new(file.path());
        assert!(!png.finish().unwrap());
        let mut renderer = png.clone();
        renderer.render(&frame(16));
        renderer.render(&frame(235));
        assert!(png.finish().unwrap());
        assert_eq!(first_pixel(file.path()), (33, 17, [255, 255, 255]));
    }

    #[test]
    fn dropping_writes_too() {
        let file = TempFile::new("dropped.png");
        let mut png = PngRenderer::new(file.path());
        png.render(&frame(16));
        drop(png);
        assert_eq!(first_pixel(file.path()), (33, 17, [0, 0, 0]));
    }

    #[test]
    fn an_impossible_path_is_an_error() {
        let mut png = PngRenderer::new("/no such folder/x.png");
        png.render(&frame(16));
        assert!(matches!(png.finish(), Err(PngError::Write(_))));
    }
}
