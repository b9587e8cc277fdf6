//! How good received media is, computed from nothing but what was received.
