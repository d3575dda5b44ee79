//! Any text is refused, or read as what is read again once it is written.
#![no_main]

use keepline_core::wire::Coding;
use keepline_core_fuzz::{read, text, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(records) = read(Coding::Json, &text(bytes))
        && !records.is_empty()
    {
        assert_eq!(read(Coding::Json, &write(Coding::Json, &records)), Ok(records));
    }
});
