//! The uncompressed beginning of a VP8 frame (RFC 6386 section 9.1).

/// What a frame says about itself before anything is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameHeader {
    /// A key frame, which alone carries the size.
    Key {
        /// Width in pixels, at most 16383.
        width: u32,
        /// Height in pixels, at most 16383.
        height: u32,
    },
    /// A frame that builds on earlier ones.
    Delta,
}

impl FrameHeader {
    /// Nothing when this is not the beginning of a VP8 frame.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let (tag, rest) = data.split_first_chunk::<3>()?;
        if tag[0] & 1 == 1 {
            return Some(Self::Delta);
        }
        let (start, _) = rest.split_first_chunk::<7>()?;
        let [0x9d, 0x01, 0x2a, w0, w1, h0, h1] = *start else {
            return None;
        };
        // The upper two bits ask for scaling on display, which nobody does.
        let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
        Some(Self::Key {
            width: side(w0, w1),
            height: side(h0, h1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_tell_their_size() {
        let frame = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x42, 7];
        assert_eq!(
            FrameHeader::parse(&frame),
            Some(FrameHeader::Key {
                width: 1280,
                height: 720
            })
        );
    }

    #[test]
    fn other_bytes_are_no_frames() {
        assert_eq!(FrameHeader::parse(&[]), None);
        assert_eq!(FrameHeader::parse(&[0, 0]), None);
        assert_eq!(FrameHeader::parse(&[0, 0, 0, 1, 2, 3, 4, 5, 6, 7]), None);
        assert_eq!(FrameHeader::parse(&[1, 0, 0]), Some(FrameHeader::Delta));
    }
}
