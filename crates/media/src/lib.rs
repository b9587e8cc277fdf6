//! visavis-media
