//! A borrowed I420 picture.

use crate::ffi;

/// Three planes and how they lie in memory. Always consistent: every row that the
/// size promises is inside its slice.
#[derive(Clone, Copy)]
pub struct I420<'a> {
    width: u32,
    height: u32,
    y: &'a [u8],
    u: &'a [u8],
    v: &'a [u8],
    y_stride: usize,
    chroma_stride: usize,
}

/// Why planes do not make a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// VP8 has 14 bits for each side (RFC 6386 section 9.1).
    #[error("a VP8 picture cannot be {width}x{height}")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A row would be longer than the distance to the next one.
    #[error("a stride is smaller than its row or too large")]
    Stride,
    /// A plane ends before its last row does.
    #[error("a plane is too short")]
    Short,
}

/// Largest width and height that VP8 can express.
const MAX_SIDE: u32 = 16_383;

impl<'a> I420<'a> {
    /// Checks that the planes hold a picture of this size; strides are in bytes.
    ///
    /// # Errors
    /// When they do not.
    pub fn new(
        (width, height): (u32, u32),
        [y, u, v]: [&'a [u8]; 3],
        y_stride: usize,
        chroma_stride: usize,
    ) -> Result<Self, PictureError> {
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            return Err(PictureError::Size { width, height });
        }
        let (columns, rows) = (width as usize, height as usize);
        let (chroma_columns, chroma_rows) = (columns.div_ceil(2), rows.div_ceil(2));
        let fits =
            |stride: usize, columns: usize| stride >= columns && i32::try_from(stride).is_ok();
        if !fits(y_stride, columns) || !fits(chroma_stride, chroma_columns) {
            return Err(PictureError::Stride);
        }
        let chroma_len = chroma_stride * (chroma_rows - 1) + chroma_columns;
        if y.len() < y_stride * (rows - 1) + columns || u.len() < chroma_len || v.len() < chroma_len
        {
            return Err(PictureError::Short);
        }
        Ok(Self {
            width,
            height,
            y,
            u,
            v,
            y_stride,
            chroma_stride,
        })
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Bytes of the visible part.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        let (columns, rows) = (self.width as usize, self.height as usize);
        columns * rows + 2 * columns.div_ceil(2) * rows.div_ceil(2)
    }

    /// Copies the visible part, tightly packed, Y then U then V; what does not fit
    /// into `out` is left out.
    pub fn copy_to(&self, out: &mut [u8]) {
        let (columns, rows) = (self.width as usize, self.height as usize);
        let (luma, chroma) = (columns * rows, columns.div_ceil(2) * rows.div_ceil(2));
        let (y, rest) = out.split_at_mut(luma.min(out.len()));
        let (u, v) = rest.split_at_mut(chroma.min(rest.len()));
        copy_rows(self.y, self.y_stride, y, columns);
        copy_rows(self.u, self.chroma_stride, u, columns.div_ceil(2));
        copy_rows(self.v, self.chroma_stride, v, columns.div_ceil(2));
    }

    pub(crate) fn planes(&self) -> ffi::Planes {
        // `new` has checked that strides fit an i32.
        let stride = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX);
        ffi::Planes {
            y: self.y.as_ptr(),
            u: self.u.as_ptr(),
            v: self.v.as_ptr(),
            y_stride: stride(self.y_stride),
            u_stride: stride(self.chroma_stride),
            v_stride: stride(self.chroma_stride),
            width: self.width,
            height: self.height,
        }
    }

    /// Borrows the planes that a decoder hands out.
    ///
    /// # Safety
    /// The pointers must be valid for reading the rows that the size and strides
    /// promise, for all of `'a`.
    pub(crate) unsafe fn from_planes(planes: &ffi::Planes) -> Result<Self, PictureError> {
        let (columns, rows) = (planes.width as usize, planes.height as usize);
        let (Ok(y_stride), Ok(chroma_stride)) = (
            usize::try_from(planes.y_stride),
            usize::try_from(planes.u_stride),
        ) else {
            return Err(PictureError::Stride);
        };
        if planes.u_stride != planes.v_stride || rows == 0 {
            return Err(PictureError::Stride);
        }
        let (chroma_columns, chroma_rows) = (columns.div_ceil(2), rows.div_ceil(2));
        let y_len = y_stride * (rows - 1) + columns;
        let chroma_len = chroma_stride * (chroma_rows - 1) + chroma_columns;
        // SAFETY: the caller promises that these rows can be read for 'a.
        let (y, u, v) = unsafe {
            (
                std::slice::from_raw_parts(planes.y, y_len),
                std::slice::from_raw_parts(planes.u, chroma_len),
                std::slice::from_raw_parts(planes.v, chroma_len),
            )
        };
        Self::new(
            (planes.width, planes.height),
            [y, u, v],
            y_stride,
            chroma_stride,
        )
    }
}

fn copy_rows(plane: &[u8], stride: usize, out: &mut [u8], columns: usize) {
    for (from, to) in plane.chunks(stride).zip(out.chunks_exact_mut(columns)) {
        to.copy_from_slice(&from[..columns]);
    }
}

impl std::fmt::Debug for I420<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("I420")
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn planes_are_measured() {
        let y = [1; 3 * 8 + 5];
        let c = [2; 4 + 3];
        assert!(I420::new((5, 4), [&y, &c, &c], 8, 4).is_ok());
        assert_eq!(
            I420::new((5, 4), [&y[1..], &c, &c], 8, 4).unwrap_err(),
            PictureError::Short
        );
        assert_eq!(
            I420::new((5, 4), [&y, &c, &c[1..]], 8, 4).unwrap_err(),
            PictureError::Short
        );
        assert_eq!(
            I420::new((5, 4), [&y, &c, &c], 4, 4).unwrap_err(),
            PictureError::Stride
        );
        let size = PictureError::Size {
            width: 0,
            height: 4,
        };
        assert_eq!(I420::new((0, 4), [&y, &c, &c], 8, 4).unwrap_err(), size);
    }

    #[test]
    fn copying_leaves_the_padding_out() {
        let y = [1, 1, 1, 9, 1, 1, 1];
        let c = [2, 2, 9, 9];
        let picture = I420::new((3, 2), [&y, &c, &c], 4, 2).unwrap();
        let mut out = vec![0; picture.byte_len()];
        picture.copy_to(&mut out);
        assert_eq!(out, [1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
    }
}
