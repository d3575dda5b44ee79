//! What crosses the line between two programs: whole frames, and frames that are not.

use keepline_core::Payload;
use keepline_core::wire::{Coding, FrameLimits, FrameWriter, Record, WireError, records};

const CODINGS: &[Coding] = &[
    Coding::Binary,
    #[cfg(feature = "json")]
    Coding::Json,
];

fn limits() -> FrameLimits {
    FrameLimits { bytes: 1 << 20, records: 8_192 }
}

fn write(coding: Coding, records: &[Record]) -> Payload {
    let mut frame = FrameWriter::new(coding);
    records.iter().for_each(|record| frame.record(record));
    frame.finish()
}

fn read(coding: Coding, frame: &Payload) -> Result<Vec<Record>, WireError> {
    records(coding, frame, limits()).collect()
}

#[test]
fn a_message_crosses_under_its_number() {
    for coding in CODINGS {
        let sent = [
            Record::Message(300, Payload::Text("h\u{e9}\"\\\n\u{1}\u{1f600}".into())),
            Record::Message(301, Payload::Binary(vec![0, 255, 7])),
            Record::Ping(1 << 53),
        ];
        let mut came = read(*coding, &write(*coding, &sent)).unwrap();
        assert_eq!(came.pop(), Some(Record::Ping((1 << 53) - 1)));
        assert_eq!(came, sent[..2]);
    }
}
