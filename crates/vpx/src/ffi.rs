//! The functions of `shim.c`, as they are declared there.

use std::ffi::{c_char, c_int};

/// Mirrors `struct visavis_encoder_settings`.
#[repr(C)]
pub(crate) struct EncoderSettings {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bitrate_kbps: u32,
    pub(crate) cpu_used: i32,
    pub(crate) threads: u32,
    pub(crate) max_intra_pct: u32,
    pub(crate) min_quantizer: u32,
    pub(crate) max_quantizer: u32,
    pub(crate) error_resilient: u32,
}

/// Mirrors `struct visavis_planes`.
#[repr(C)]
pub(crate) struct Planes {
    pub(crate) y: *const u8,
    pub(crate) u: *const u8,
    pub(crate) v: *const u8,
    pub(crate) y_stride: i32,
    pub(crate) u_stride: i32,
    pub(crate) v_stride: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Mirrors `struct visavis_encoder`, whose layout only C knows.
#[repr(C)]
pub(crate) struct RawEncoder {
    opaque: [u8; 0],
}

/// Mirrors `struct visavis_decoder`, whose layout only C knows.
#[repr(C)]
pub(crate) struct RawDecoder {
    opaque: [u8; 0],
}

unsafe extern "C" {
    pub(crate) fn visavis_encoder_new(
        settings: *const EncoderSettings,
        out: *mut *mut RawEncoder,
    ) -> c_int;
    pub(crate) fn visavis_encoder_set_bitrate(encoder: *mut RawEncoder, kbps: u32) -> c_int;
    pub(crate) fn visavis_encoder_encode(
        encoder: *mut RawEncoder,
        planes: *const Planes,
        pts: i64,
        duration: u32,
        force_key: u32,
    ) -> c_int;
    pub(crate) fn visavis_encoder_packet(
        encoder: *mut RawEncoder,
        data: *mut *const u8,
        len: *mut usize,
        key: *mut u32,
    ) -> c_int;
    pub(crate) fn visavis_encoder_free(encoder: *mut RawEncoder);

    pub(crate) fn visavis_decoder_new(threads: u32, out: *mut *mut RawDecoder) -> c_int;
    pub(crate) fn visavis_decoder_decode(
        decoder: *mut RawDecoder,
        data: *const u8,
        len: u32,
        planes: *mut Planes,
    ) -> c_int;
    pub(crate) fn visavis_decoder_free(decoder: *mut RawDecoder);

    pub(crate) fn visavis_vpx_version() -> *const c_char;
}
