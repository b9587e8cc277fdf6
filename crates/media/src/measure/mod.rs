//! How good received media is, computed from nothing but what was received.

mod pattern;
mod psnr;
mod spectrum;
mod sweep;

pub use pattern::{PatternReading, Quality};
pub use psnr::{IDENTICAL, psnr_luma};
pub use sweep::{FaultKind, LARGEST_STRETCH_MS, SweepFault, SweepReading};
