//! What `ts/core.ts` calls, in numbers only: lines and what is handed in go by their addresses.
//!
//! This is the one file of the package that trusts an address, for `ts/core.ts` keeps these
//! promises: a line is called until it is freed and not after, and no host calls one; what `room`
//! gave is handed in once and whole; what is handed in as a text was written by a `TextEncoder`.
#![allow(unsafe_code, reason = "the boundary to JavaScript is made of addresses")]
// Their plain names are those of others there: libc has a `free`.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "nobody imports them"))]

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ptr::slice_from_raw_parts_mut;

use crate::line::Line;

/// Makes room for so many bytes, for the caller to fill and to hand in with its next call.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
extern "C" fn room(length: usize) -> *mut u8 {
    Box::leak(vec![0; length].into_boxed_slice()).as_mut_ptr()
}

/// A line at rest, with these settings, which `ts/options.ts` has checked: pairs of a place in
/// `SETTINGS` of `ts/numbers.ts` and a value, as two numbers of 64 bits; the text of a plain line's
/// probe, and a session's credentials, if they are not empty. `seed` is a random whole number below
/// 2^53.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
extern "C" fn make(
    settings: *mut u8,
    settings_length: usize,
    probe: *mut u8,
    probe_length: usize,
    credentials: *mut u8,
    credentials_length: usize,
    seed: f64,
) -> *mut Line {
    let settings = taken(settings, settings_length);
    let (probe, credentials) = (text(probe, probe_length), text(credentials, credentials_length));
    Box::into_raw(Box::new(Line::make(&settings, probe, credentials, seed)))
}

/// The line is not called any more.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
extern "C" fn free(line: *mut Line) {
    // SAFETY: `make` gave it, and it is freed once.
    drop(unsafe { Box::from_raw(line) });
}

/// [`Line::call`].
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
extern "C" fn call(line: *mut Line, what: u32, a: f64, b: f64, now: f64) -> f64 {
    borrowed(line).call(what, a, b, now)
}

/// [`Line::tell`].
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
extern "C" fn tell(line: *mut Line, what: u32, conn: f64, b: f64, c: f64, now: f64) {
    borrowed(line).tell(what, conn, b, c, now);
}

/// [`Line::words`], of a text that lies in such room.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
extern "C" fn words(
    line: *mut Line,
    what: u32,
    at: *mut u8,
    length: usize,
    a: f64,
    b: f64,
    c: f64,
    now: f64,
) -> f64 {
    borrowed(line).words(what, text(at, length), [a, b, c], now)
}

/// [`Line::bytes`], of what lies in such room.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
extern "C" fn bytes(
    line: *mut Line,
    what: u32,
    at: *mut u8,
    length: usize,
    a: f64,
    now: f64,
) -> f64 {
    borrowed(line).bytes(what, taken(at, length), a, now)
}

fn borrowed<'a>(line: *mut Line) -> &'a mut Line {
    // SAFETY: `make` gave it, it is not freed yet, and nobody else borrows it: hosts call no line.
    unsafe { &mut *line }
}

fn taken(at: *mut u8, length: usize) -> Vec<u8> {
    // SAFETY: `room` gave it for this length, and it is handed in once.
    unsafe { Box::from_raw(slice_from_raw_parts_mut(at, length)) }.into_vec()
}

fn text(at: *mut u8, length: usize) -> String {
    // SAFETY: a `TextEncoder` wrote it, which writes nothing but UTF-8 (WHATWG Encoding).
    unsafe { String::from_utf8_unchecked(taken(at, length)) }
}
