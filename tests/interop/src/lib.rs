//! The stage on which foreign programs meet ours: a server, a host for the
//! test page, headless Chromium, and our binary.

pub mod browser;
pub mod cast;
pub mod distant;
pub mod nat;
pub mod network;
pub mod page;
pub mod picture;
pub mod place;
pub mod program;
pub mod scratch;
