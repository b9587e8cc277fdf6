//! A trace as a sequence diagram.
//!
//! Time goes down, one row for each thing that happened; it is not to scale. Each lane is a place:
//! the app, this device, the server, and every device of the others that was heard of. Bars on the
//! lanes show the states of the call and of the peers.

mod label;
mod lanes;
mod rows;
mod svg;

use crate::Trace;

/// Draws a trace as an SVG document (SVG 1.1) that needs nothing else: no script, no font, no
/// style sheet. It follows the reader's choice of light or dark.
pub fn draw(trace: &Trace) -> String {
    let lanes = lanes::Lanes::of(trace);
    let rows = rows::rows(trace, &lanes);
    svg::Picture::new(trace, &lanes, rows).write()
}
