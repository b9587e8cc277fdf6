//! visavis-vpx
