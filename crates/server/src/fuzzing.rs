//! What must hold for any input, for the fuzzers and the tests in `fuzz/`.
//! Each function panics when it does not.

pub use crate::account::fuzzing::rest;
