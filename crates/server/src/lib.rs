//! visavis-server
