//! YUV4MPEG2, the plain file format for uncompressed pictures that ffmpeg, mpv and
//! every codec's tools read and write: the header line and a streaming reader.
//!
//! Only 8-bit 4:2:0, progressive, is understood.

use std::fmt;
use std::io::{self, BufRead, Read};

use crate::frame::{FrameError, VideoFrame};
use crate::frame_pool::FramePool;
use crate::source::FrameRate;

/// Longest header or frame line that is read, in bytes.
pub const MAX_LINE: usize = 1024;

const MAGIC: &str = "YUV4MPEG2";
const FRAME: &str = "FRAME";

/// What the first line of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Y4mHeader {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second.
    pub rate: FrameRate,
}

/// The parts of the first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Y4mField {
    /// `W`, the width.
    Width,
    /// `H`, the height.
    Height,
    /// `F`, the frame rate as a fraction.
    FrameRate,
    /// `I`, the interlacing; only `Ip` and `I?` are understood.
    Interlacing,
    /// `C`, the color space; only the 8-bit 4:2:0 ones are understood.
    ColorSpace,
}

impl fmt::Display for Y4mField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Width => "width (W)",
            Self::Height => "height (H)",
            Self::FrameRate => "frame rate (F)",
            Self::Interlacing => "interlacing (I)",
            Self::ColorSpace => "color space (C)",
        })
    }
}

/// Why a file cannot be used. The file has to be replaced or converted, except for
/// [`Io`](Self::Io).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Y4mError {
    /// The operating system refused.
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    /// The first line is not that of a YUV4MPEG2 file.
    #[error("not a YUV4MPEG2 file")]
    NotY4m,
    /// A field of the first line is missing.
    #[error("the {0} is missing")]
    Missing(Y4mField),
    /// A field of the first line cannot be used.
    #[error("the {0} is not supported")]
    Unsupported(Y4mField),
    /// Pictures of this size cannot be handled.
    #[error(transparent)]
    Size(#[from] FrameError),
    /// A line is longer than [`MAX_LINE`] or something else stands where a frame
    /// should begin.
    #[error("no frame begins where frame {index} should")]
    NoFrame {
        /// Number of the frame, from 0.
        index: u64,
    },
    /// The file ends within a frame.
    #[error("the file ends within frame {index}")]
    Truncated {
        /// Number of the frame, from 0.
        index: u64,
    },
    /// There is not a single frame.
    #[error("the file has no frames")]
    Empty,
}

impl Y4mHeader {
    /// Reads the first line, without its line feed.
    ///
    /// # Errors
    /// Names the field that is missing or cannot be used.
    pub fn parse(line: &str) -> Result<Self, Y4mError> {
        let mut fields = line.split_ascii_whitespace();
        if fields.next() != Some(MAGIC) {
            return Err(Y4mError::NotY4m);
        }
        let (mut width, mut height, mut rate) = (None, None, None);
        for field in fields {
            let mut letters = field.chars();
            let tag = letters.next();
            let value = letters.as_str();
            match tag {
                Some('W') => width = Some(side(value, Y4mField::Width)?),
                Some('H') => height = Some(side(value, Y4mField::Height)?),
                Some('F') => rate = Some(parse_rate(value)?),
                Some('I') if !matches!(value, "p" | "?") => {
                    return Err(Y4mError::Unsupported(Y4mField::Interlacing));
                }
                Some('C') if !matches!(value, "420" | "420jpeg" | "420mpeg2" | "420paldv") => {
                    return Err(Y4mError::Unsupported(Y4mField::ColorSpace));
                }
                // Aspect ratio, comments, and the two above when they are fine.
                _ => {}
            }
        }
        let header = Self {
            width: width.ok_or(Y4mError::Missing(Y4mField::Width))?,
            height: height.ok_or(Y4mError::Missing(Y4mField::Height))?,
            rate: rate.ok_or(Y4mError::Missing(Y4mField::FrameRate))?,
        };
        VideoFrame::byte_len(header.width, header.height)?;
        Ok(header)
    }
}

impl fmt::Display for Y4mHeader {
    /// The first line, without its line feed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            width,
            height,
            rate,
        } = self;
        let (numerator, denominator) = (rate.numerator(), rate.denominator());
        write!(
            f,
            "{MAGIC} W{width} H{height} F{numerator}:{denominator} Ip A1:1 C420jpeg"
        )
    }
}

fn side(value: &str, field: Y4mField) -> Result<u32, Y4mError> {
    value.parse().map_err(|_| Y4mError::Unsupported(field))
}

fn parse_rate(value: &str) -> Result<FrameRate, Y4mError> {
    value
        .split_once(':')
        .and_then(|(n, d)| FrameRate::new(n.parse().ok()?, d.parse().ok()?))
        .ok_or(Y4mError::Unsupported(Y4mField::FrameRate))
}

/// Reads pictures one after the other; never holds more than one.
pub struct Y4mReader<R> {
    input: R,
    header: Y4mHeader,
    index: u64,
    pool: FramePool,
}

impl<R: BufRead> Y4mReader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is not one, or of a kind that is not supported.
    pub fn new(mut input: R) -> Result<Self, Y4mError> {
        let line = read_line(&mut input)?.ok_or(Y4mError::NotY4m)?;
        let header = Y4mHeader::parse(&line)?;
        Ok(Self {
            input,
            header,
            index: 0,
            pool: FramePool::default(),
        })
    }

    /// What the first line says.
    #[must_use]
    pub fn header(&self) -> Y4mHeader {
        self.header
    }

    /// The next picture, its timestamp by the file's frame rate; nothing at the end.
    ///
    /// # Errors
    /// When the file cannot be read, or ends within a picture.
    pub fn read_frame(&mut self) -> Result<Option<VideoFrame>, Y4mError> {
        let index = self.index;
        match read_line(&mut self.input) {
            Ok(None) => return Ok(None),
            Ok(Some(line)) if line.split(' ').next() == Some(FRAME) => {}
            Ok(Some(_)) | Err(Y4mError::NotY4m) => return Err(Y4mError::NoFrame { index }),
            Err(error) => return Err(error),
        }
        let mut read = Ok(());
        let (input, size) = (&mut self.input, (self.header.width, self.header.height));
        let frame = self
            .pool
            .frame(size, self.header.rate.time_of(index), |bytes| {
                read = input.read_exact(bytes);
            })?;
        match read {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Y4mError::Truncated { index });
            }
            Err(error) => return Err(error.into()),
        }
        self.index += 1;
        Ok(Some(frame))
    }

    /// Where it reads from.
    pub(crate) fn get_mut(&mut self) -> &mut R {
        &mut self.input
    }
}

/// One line without its line feed; nothing at the end of the input.
fn read_line(input: &mut impl BufRead) -> Result<Option<String>, Y4mError> {
    let mut line = Vec::new();
    input.take(MAX_LINE as u64).read_until(b'\n', &mut line)?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(String::from_utf8(line).map_err(|_| Y4mError::NotY4m)?)),
        Some(_) => Err(Y4mError::NotY4m),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn headers_are_read_back() {
        let header = Y4mHeader {
            width: 17,
            height: 16,
            rate: FrameRate::new(30_000, 1001).unwrap(),
        };
        assert_eq!(
            header.to_string(),
            "YUV4MPEG2 W17 H16 F30000:1001 Ip A1:1 C420jpeg"
        );
        assert_eq!(Y4mHeader::parse(&header.to_string()).unwrap(), header);
        assert!(Y4mHeader::parse("YUV4MPEG2 H16 W16 F25:1").is_ok());
        assert!(Y4mHeader::parse("YUV4MPEG2 W16 H16 F25:1 I? A128:117 C420mpeg2 XCOMMENT").is_ok());
    }

    #[test]
    fn errors_name_the_field() {
        let error = |line: &str| Y4mHeader::parse(line).unwrap_err().to_string();
        assert_eq!(error("YUV4MPEG W16 H16 F25:1"), "not a YUV4MPEG2 file");
        assert_eq!(error("YUV4MPEG2 W16 F25:1"), "the height (H) is missing");
        assert_eq!(
            error("YUV4MPEG2 Wx H16 F25:1"),
            "the width (W) is not supported"
        );
        assert_eq!(
            error("YUV4MPEG2 W16 H16 F25:0"),
            "the frame rate (F) is not supported"
        );
        assert_eq!(
            error("YUV4MPEG2 W16 H16 F25:1 It"),
            "the interlacing (I) is not supported"
        );
        assert_eq!(
            error("YUV4MPEG2 W16 H16 F25:1 C444"),
            "the color space (C) is not supported"
        );
        assert_eq!(
            error("YUV4MPEG2 W16 H16 F25:1 C420p10"),
            "the color space (C) is not supported"
        );
        assert!(error("YUV4MPEG2 W160000 H16 F25:1").contains("160000x16"));
    }

    fn file(frames: u8) -> Vec<u8> {
        let mut file = b"YUV4MPEG2 W16 H16 F25:1\n".to_vec();
        for n in 0..frames {
            file.extend_from_slice(if n == 1 { b"FRAME Ip\n" } else { b"FRAME\n" });
            file.extend([n; 384]);
        }
        file
    }

    #[test]
    fn frames_come_with_their_time() {
        let file = file(3);
        let mut reader = Y4mReader::new(&file[..]).unwrap();
        for n in 0..3_u8 {
            let frame = reader.read_frame().unwrap().unwrap();
            assert_eq!(frame.timestamp().as_millis(), u128::from(n) * 40);
            assert!(frame.data().iter().all(|&b| b == n));
        }
        assert!(reader.read_frame().unwrap().is_none());
    }

    #[test]
    fn damaged_files_are_refused() {
        let whole = file(2);
        let mut reader = Y4mReader::new(&whole[..whole.len() - 1]).unwrap();
        reader.read_frame().unwrap();
        assert!(matches!(
            reader.read_frame(),
            Err(Y4mError::Truncated { index: 1 })
        ));

        let mut bent = whole.clone();
        bent[24 + 390] = b'X';
        let mut reader = Y4mReader::new(&bent[..]).unwrap();
        reader.read_frame().unwrap();
        assert!(matches!(
            reader.read_frame(),
            Err(Y4mError::NoFrame { index: 1 })
        ));

        assert!(matches!(
            Y4mReader::new(&[b'Y'; 5000][..]),
            Err(Y4mError::NotY4m)
        ));
        assert!(matches!(Y4mReader::new(&[][..]), Err(Y4mError::NotY4m)));
    }
}
