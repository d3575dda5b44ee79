//! A frame never makes its reader allocate more than the frame justifies.
#![cfg(not(target_arch = "wasm32"))]
#![allow(unsafe_code, reason = "an allocator that counts is an allocator")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use keepline_core::Payload;
use keepline_core::wire::{Coding, FrameLimits, records};

struct Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    NOW.set(NOW.get() + bytes);
    PEAK.set(PEAK.get().max(NOW.get()));
}

// SAFETY: all is left to the system's allocator; what is counted is no part of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that was allocated at once while a frame was read and its records were dropped.
fn peak(coding: Coding, frame: &Payload) -> usize {
    let before = NOW.get();
    PEAK.set(before);
    let limits = FrameLimits { bytes: usize::MAX, records: usize::MAX };
    records(coding, frame, limits).for_each(drop);
    (PEAK.get() - before).try_into().unwrap()
}

#[test]
fn a_declared_length_reserves_nothing() {
    let largest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    for kind in (0x01..=0x0c).chain([0x80]) {
        for length in 1..=8 {
            let mut length = largest[8 - length..].to_vec();
            length.insert(0, kind);
            assert_eq!(peak(Coding::Binary, &Payload::Binary(length)), 0);
        }
    }
}

#[test]
fn a_message_is_allocated_once() {
    let message = [&[0x04, 0xe9, 0x07, 0x01][..], &[b'x'; 1000]].concat();
    assert_eq!(peak(Coding::Binary, &Payload::Binary(message.repeat(50))), 1000);
}

#[test]
fn a_hello_of_16_kib_takes_its_credentials_and_no_more() {
    let body = [&[1; 25][..], &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[b'x'; 16_000]].concat();
    let frame = Payload::Binary([&[0x01, 0xa6, 0x7d], &body[..]].concat());
    assert!(peak(Coding::Binary, &frame) <= 16_000);
}

#[cfg(feature = "json")]
#[test]
fn json_takes_a_small_multiple_of_its_frame() {
    const CONSTANT: usize = 4 * 1024;
    let long = "x".repeat(100_000);
    let escaped = "\\n".repeat(50_000);
    let hostile = [
        "[".repeat(100_000),
        format!("[{{\"a\":{}", "[".repeat(100_000)),
        format!("[{{{}", "\"a\":1,".repeat(20_000)),
        format!("[{{{}\"type\":\"?\"}}]", "\"\\u0061\":\"\\n\",".repeat(20_000)),
        format!("[{{\"{long}"),
        format!("[{{\"type\":\"message\",\"number\":1,\"text\":\"{long}\"}}]"),
        format!("[{{\"type\":\"message\",\"number\":1,\"text\":\"{escaped}\"}}]"),
        format!("[{{\"type\":\"message\",\"number\":1,\"bytes\":\"{long}\"}}]"),
        format!("[{{\"type\":\"message\",\"number\":1,\"bytes\":\"{escaped}\"}}]"),
        format!("[{{\"type\":\"ping\",\"token\":\"{escaped}\"}}]"),
        format!("[{}", "{\"type\":\"?\"},".repeat(10_000)),
    ];
    for json in hostile {
        let allowed = 2 * json.len() + CONSTANT;
        let start = json[..json.len().min(40)].to_owned();
        let peak = peak(Coding::Json, &Payload::Text(json));
        assert!(peak <= allowed, "{peak} above {allowed}: {start}");
    }
}
