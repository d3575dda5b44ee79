//! What is read from a frame in one encoding can be said in the other.
#![no_main]

use keepline_core::Payload;
use keepline_core::wire::Coding;
use keepline_core_fuzz::{read, text, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let binary = Payload::Binary(bytes.to_vec());
    translate(Coding::Binary, &binary, Coding::Json);
    translate(Coding::Json, &text(bytes), Coding::Binary);
});

fn translate(from: Coding, frame: &Payload, to: Coding) {
    if let Ok(records) = read(from, frame)
        && !records.is_empty()
    {
        assert_eq!(read(to, &write(to, &records)), Ok(records));
    }
}
