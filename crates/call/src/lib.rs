//! visavis-call
