//! Links the pure crates without a standard library.
//!
//! The panic handler is a language item that std brings as well: should any
//! crate of the graph use std, the compiler reports it here as defined twice.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};

pub use {visavis_call, visavis_quality, visavis_signal, visavis_xmpp};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

struct NoMemory;

// SAFETY: null is the allocator's way to say that there is no memory; what was
// never handed out is never given back.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static MEMORY: NoMemory = NoMemory;
