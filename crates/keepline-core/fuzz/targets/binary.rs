//! Any bytes are refused, or read as what can be written in that one way only.
#![no_main]

use keepline_core::Payload;
use keepline_core::wire::Coding;
use keepline_core_fuzz::{read, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let frame = Payload::Binary(bytes.to_vec());
    if let Ok(records) = read(Coding::Binary, &frame) {
        let again = write(Coding::Binary, &records);
        let skipped = again.len() < frame.len();
        assert!(skipped || again == frame);
    }
});
