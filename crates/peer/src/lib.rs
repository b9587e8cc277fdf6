//! visavis-peer
