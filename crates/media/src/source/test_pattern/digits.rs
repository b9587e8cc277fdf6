//! The part of the pattern that people read: time of day and frame number.

use super::canvas::{Canvas, Color};

const GLYPH_WIDTH: usize = 5;
const GLYPH_HEIGHT: usize = 7;
/// From one glyph to the next, in dots.
const ADVANCE: usize = 6;

/// Seven rows of five dots, the left dot in bit 4.
fn glyph(character: u8) -> [u8; GLYPH_HEIGHT] {
    match character {
        b'0' => [0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e],
        b'1' => [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e],
        b'2' => [0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f],
        b'3' => [0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e],
        b'4' => [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02],
        b'5' => [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e],
        b'6' => [0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e],
        b'7' => [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08],
        b'8' => [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e],
        b'9' => [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c],
        b':' => [0x00, 0x04, 0x04, 0x00, 0x04, 0x04, 0x00],
        b'.' => [0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c],
        b'#' => [0x0a, 0x0a, 0x1f, 0x0a, 0x1f, 0x0a, 0x0a],
        _ => [0; GLYPH_HEIGHT],
    }
}

/// Writes `text` with dots of `dot` pixels a side.
pub(super) fn write(
    canvas: &mut Canvas<'_>,
    (x, y): (usize, usize),
    dot: usize,
    color: Color,
    text: &str,
) {
    for (index, character) in text.bytes().enumerate() {
        let left = x + index * ADVANCE * dot;
        for (row, dots) in glyph(character).into_iter().enumerate() {
            for column in
                (0..GLYPH_WIDTH).filter(|column| dots >> (GLYPH_WIDTH - 1 - column) & 1 == 1)
            {
                let from = (left + column * dot, y + row * dot);
                canvas.y.fill(from, (from.0 + dot, from.1 + dot), color.y);
            }
        }
    }
}

/// `HH:MM:SS.t`, the time of day in UTC with tenths of a second.
pub(super) fn time_of_day(clock_ms: u64) -> String {
    let tenths = clock_ms / 100;
    let seconds = tenths / 10;
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!(
        "{hours:02}:{minutes:02}:{:02}.{}",
        seconds % 60,
        tenths % 10
    )
}

/// The largest dot with which `characters` fit into `width`, at least 1 pixel.
pub(super) fn fitting_dot(width: usize, characters: usize) -> usize {
    (width / (ADVANCE * characters)).max(1)
}

/// Height of a line in dots.
pub(super) const LINE_HEIGHT: usize = GLYPH_HEIGHT;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_reads_as_time_of_day() {
        assert_eq!(time_of_day(0), "00:00:00.0");
        assert_eq!(time_of_day(1_795_406_399_950), "03:59:59.9");
    }

    #[test]
    fn glyphs_are_drawn_where_they_belong() {
        let mut data = vec![0; 16 * 16 + 128];
        write(
            &mut Canvas::new(16, 16, &mut data),
            (2, 3),
            1,
            Color::new(9, 1, 1),
            "1",
        );
        let lit: Vec<usize> = (0..256)
            .filter(|&at| data[at] == 9)
            .map(|at| at - 3 * 16 - 2)
            .collect();
        assert_eq!(lit, [2, 17, 18, 34, 50, 66, 82, 97, 98, 99]);
    }
}
