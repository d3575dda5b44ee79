//! What crosses the line between two programs: whole frames, and frames that are not.

#[cfg(feature = "json")]
mod json;
#[cfg(not(target_arch = "wasm32"))]
mod properties;

use core::time::Duration;

use keepline_core::wire::{
    Bye, Coding, Credentials, Credit, Epoch, Finale, FrameLimits, FrameWriter, Greeting, Hello,
    Instance, MAX_NUMBER, MAX_RECORDS, Record, Return, SessionId, Window, WireError, records,
};
use keepline_core::{CloseCode, Payload};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const CODINGS: &[Coding] = &[
    Coding::Binary,
    #[cfg(feature = "json")]
    Coding::Json,
];

/// A ping whose token is 5.
const PING: [u8; 3] = [0x06, 0x01, 0x05];

fn write(coding: Coding, records: &[Record]) -> Payload {
    let mut frame = FrameWriter::new(coding);
    records.iter().for_each(|record| frame.record(record));
    frame.finish()
}

fn read(coding: Coding, frame: &Payload) -> Result<Vec<Record>, WireError> {
    records(coding, frame, FrameLimits::for_messages(1 << 20, coding)).collect()
}

fn read_binary(bytes: &[u8]) -> Result<Vec<Record>, WireError> {
    read(Coding::Binary, &Payload::Binary(bytes.to_vec()))
}

fn refusal(bytes: &[u8]) -> WireError {
    read_binary(bytes).unwrap_err()
}

fn cross(coding: Coding, record: &Record) -> Record {
    let mut came = read(coding, &write(coding, core::slice::from_ref(record))).unwrap();
    assert_eq!(came.len(), 1);
    came.remove(0)
}

fn hello() -> Hello {
    Hello {
        session: SessionId([7; 16]),
        instance: Instance([8; 8]),
        attempt: 1,
        epoch: None,
        received: 0,
        window: Window::default(),
        credentials: None,
    }
}

fn greeting() -> Greeting {
    Greeting {
        epoch: Epoch::new([1; 8]).unwrap(),
        received: 0,
        window: Window::default(),
        ping: Duration::from_secs(10),
        silence: Duration::from_secs(15),
        spread: Duration::ZERO,
        hold: Duration::from_secs(3600),
        expires: None,
        previous: None,
    }
}

fn end(code: u16, reason: &str) -> Record {
    Record::End(Finale { taken: 0, code: CloseCode(code), reason: reason.into() })
}

#[test]
fn messages_cross_in_order_under_their_numbers() {
    for coding in CODINGS {
        let sent = [
            Record::Message(300, Payload::Text("h\u{e9}\"\\\n\u{1}\u{1f600}".into())),
            Record::Message(301, Payload::Binary(vec![0, 255, 7])),
        ];
        assert_eq!(read(*coding, &write(*coding, &sent)).unwrap(), sent);
    }
}

#[test]
fn a_message_is_written_from_its_payload_as_from_its_record() {
    for coding in CODINGS {
        let payload = Payload::Text("x".repeat(200));
        let mut frame = FrameWriter::new(*coding);
        frame.message(MAX_NUMBER, &payload);
        assert_eq!(frame.finish(), write(*coding, &[Record::Message(MAX_NUMBER, payload)]));
    }
}

#[test]
fn a_frame_knows_its_size_before_it_is_finished() {
    for coding in CODINGS {
        let mut frame = FrameWriter::new(*coding);
        assert!(frame.is_empty());
        for number in 1..=3 {
            frame.message(number, &Payload::Text("hello".into()));
        }
        let (len, records) = (frame.len(), frame.records());
        assert_eq!((len, records), (frame.finish().len(), 3));
    }
}

#[test]
fn a_frame_is_full_at_32_kib_and_never_has_more_records_than_its_reader_takes() {
    let mut long = FrameWriter::new(Coding::Binary);
    long.message(1, &Payload::Binary(vec![0; 32 * 1024 - 4]));
    assert!(long.is_full());
    for coding in CODINGS {
        let mut many = FrameWriter::new(*coding);
        while !many.is_full() {
            many.record(&Record::Ping(0));
        }
        let records = many.records();
        assert!(records <= MAX_RECORDS);
        assert_eq!(read(*coding, &many.finish()).unwrap().len(), records);
    }
}

#[test]
fn the_largest_message_fits_behind_a_frame_that_is_almost_full() {
    // One byte is six in JSON, if it is a control character.
    for coding in CODINGS {
        let largest = "\u{1}".repeat(10_000);
        let mut frame = FrameWriter::new(*coding);
        while frame.len() < 64 * 1024 - 100 {
            frame.message(MAX_NUMBER, &Payload::Text("\u{1}".into()));
        }
        frame.message(MAX_NUMBER, &Payload::Text(largest));
        let limits = FrameLimits::for_messages(10_000, *coding);
        assert!(records(*coding, &frame.finish(), limits).all(|record| record.is_ok()));
    }
}

#[test]
fn what_cannot_be_said_exactly_is_said_as_nearly_as_can_be() {
    for coding in CODINGS {
        let credit = Credit { number: u64::MAX, bytes: MAX_NUMBER + 1 };
        let ack = Record::Ack(keepline_core::wire::Ack { taken: 1, credit });
        let Record::Ack(came) = cross(*coding, &ack) else { panic!("no ack") };
        assert_eq!(came.credit, Credit { number: MAX_NUMBER, bytes: MAX_NUMBER });

        let soon = Record::Renewed(Some(Duration::from_micros(3)));
        let as_long_as_can_be = Record::Renewed(Some(Duration::from_millis(MAX_NUMBER)));
        assert_eq!(cross(*coding, &soon), Record::Renewed(Some(Duration::from_millis(1))));
        assert_eq!(cross(*coding, &Record::Renewed(Some(Duration::MAX))), as_long_as_can_be);

        let Record::End(came) = cross(*coding, &end(1000, &"\u{e9}".repeat(100))) else {
            panic!("no end")
        };
        assert_eq!(came.reason, "\u{e9}".repeat(61));
    }
}

#[test]
fn no_credentials_and_empty_ones_are_the_same() {
    for coding in CODINGS {
        let credentials = Some(Credentials(String::new()));
        let came = cross(*coding, &Record::Hello(Hello { credentials, ..hello() }));
        assert_eq!(came, Record::Hello(hello()));
    }
}

#[test]
fn a_subprotocol_names_an_encoding_and_nothing_else_does() {
    for coding in CODINGS {
        assert_eq!(Coding::from_subprotocol(coding.subprotocol()), Some(*coding));
    }
    assert_eq!(Coding::from_subprotocol(""), None);
    assert_eq!(Coding::from_subprotocol("keepline.v2"), None);
}

#[test]
fn an_empty_frame_is_malformed() {
    assert_eq!(refusal(&[]), WireError::Empty);
}

#[test]
fn a_text_frame_is_refused_where_frames_are_binary() {
    let frame = Payload::Text("[]".into());
    assert_eq!(read(Coding::Binary, &frame), Err(WireError::WrongKind));
}

#[test]
fn half_a_record_is_refused_wherever_it_breaks_off() {
    let whole = [Record::Hello(hello()), Record::Greeting(greeting()), end(4000, "over")];
    for record in whole {
        let Payload::Binary(bytes) = write(Coding::Binary, &[record]) else { panic!("no bytes") };
        for length in 1..bytes.len() {
            assert_eq!(refusal(&bytes[..length]), WireError::HalfRecord);
        }
    }
}

#[test]
fn records_before_a_malformed_one_are_read_and_none_after_it() {
    let frame = Payload::Binary([&PING[..], &[0x06, 0x00], &PING[..]].concat());
    let mut reading = records(Coding::Binary, &frame, FrameLimits::hello());
    assert_eq!(reading.next(), Some(Ok(Record::Ping(5))));
    assert_eq!(reading.next(), Some(Err(WireError::HalfRecord)));
    assert_eq!(reading.next(), None);
}

#[test]
fn a_frame_of_a_million_records_ends_at_the_limit() {
    let frame = Payload::Binary(PING.repeat(1_000_000));
    let limits = FrameLimits { bytes: usize::MAX, records: MAX_RECORDS };
    let mut reading = records(Coding::Binary, &frame, limits);
    assert_eq!(reading.by_ref().take_while(Result::is_ok).count(), MAX_RECORDS);
    assert_eq!(reading.next(), None);
    assert_eq!(
        records(Coding::Binary, &frame, limits).last(),
        Some(Err(WireError::TooManyRecords))
    );
}

#[test]
fn skipped_records_count_too() {
    let frame = Payload::Binary([0x80, 0x00].repeat(MAX_RECORDS + 1));
    let limits = FrameLimits::for_messages(1, Coding::Binary);
    let all: Result<Vec<_>, _> = records(Coding::Binary, &frame, limits).collect();
    assert_eq!(all, Err(WireError::TooManyRecords));
}

#[test]
fn a_frame_above_its_limit_is_not_looked_into() {
    let limits = FrameLimits::hello();
    let frame = |size| Payload::Binary(vec![0xff; size]);
    let first = |frame: &Payload| records(Coding::Binary, frame, limits).next();
    let refused = Err(WireError::FrameTooLarge { size: 16_385, limit: 16_384 });
    assert_eq!(first(&frame(16_385)), Some(refused));
    assert_eq!(first(&frame(16_384)), Some(Err(WireError::NumberTooLarge)));
}

#[test]
fn a_receiver_of_boundless_messages_has_no_limit_and_no_overflow() {
    for coding in CODINGS {
        assert_eq!(FrameLimits::for_messages(u64::MAX, *coding).bytes, usize::MAX);
    }
}

#[test]
fn another_version_is_told_whatever_follows_it() {
    let version = |rest: &[u8]| refusal(&[&[0x01], rest].concat());
    assert_eq!(version(&[0x01, 0x02]), WireError::Version(2));
    assert_eq!(version(&[0x02, 0xac, 0x02]), WireError::Version(300));
    assert_eq!(version(&[0x50, 0x02, 0xff]), WireError::Version(2));
    assert_eq!(version(&[0x03, 0x00, 0xff, 0xff, 0x0d]), WireError::Version(0));
    assert_eq!(version(&[0x01, 0x01]), WireError::HalfRecord);
    assert_eq!(version(&[0x00, 0x02]), WireError::HalfRecord);
}

#[test]
fn a_number_has_its_shortest_form_and_at_most_53_bits() {
    let pong = |number: &[u8]| refusal(&[&[0x07, number.len() as u8], number].concat());
    assert_eq!(pong(&[0x80, 0x00]), WireError::LongNumber);
    assert_eq!(pong(&[0x85, 0x80, 0x00]), WireError::LongNumber);
    assert_eq!(pong(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]), WireError::NumberTooLarge);
    assert_eq!(pong(&[0xff; 9]), WireError::NumberTooLarge);
    assert_eq!(pong(&[0x80]), WireError::HalfRecord);
    assert_eq!(
        read_binary(&[0x07, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]).unwrap(),
        [Record::Pong(MAX_NUMBER)]
    );
}

#[test]
fn a_byte_too_many_is_refused() {
    assert_eq!(refusal(&[0x06, 0x02, 0x05, 0x00]), WireError::TrailingBytes);
}

#[test]
fn a_flag_is_zero_or_one() {
    assert_eq!(refusal(&[0x0a, 0x02, 0x02, 0x00]), WireError::BadFlag(2));
}

#[test]
fn a_text_is_utf_8() {
    assert_eq!(refusal(&[0x04, 0x02, 0x01, 0xff]), WireError::NotUtf8);
    assert_eq!(refusal(&[0x04, 0x04, 0x01, 0xed, 0xa0, 0x80]), WireError::NotUtf8);
}

#[test]
fn an_unknown_record_is_skipped_or_refused_by_its_type() {
    let between = |other: &[u8]| read_binary(&[&PING[..], other, &PING[..]].concat());
    for skipped in [0x80, 0x93, 0xff] {
        assert_eq!(between(&[skipped, 0x02, 0xff, 0xff]).unwrap().len(), 2);
    }
    for refused in [0x00, 0x0d, 0x7f] {
        assert_eq!(between(&[refused, 0x00]), Err(WireError::UnknownType(refused)));
    }
    assert_eq!(between(&[0x80, 0x7f]), Err(WireError::HalfRecord));
}

#[test]
fn a_greeting_has_an_epoch() {
    let Payload::Binary(mut bytes) = write(Coding::Binary, &[Record::Greeting(greeting())]) else {
        panic!("no bytes")
    };
    bytes[2..10].fill(0);
    assert_eq!(refusal(&bytes), WireError::ZeroEpoch);
}

#[test]
fn renewed_credentials_are_not_empty() {
    assert_eq!(refusal(&[0x0b, 0x00]), WireError::EmptyCredentials);
}

#[test]
fn a_session_ends_with_1000_or_a_code_of_the_application() {
    for coding in CODINGS {
        for code in [1000, 3000, 4000, 4999] {
            assert_eq!(cross(*coding, &end(code, "")), end(code, ""));
        }
        for code in [0, 999, 1001, 1006, 2999, 5000, u16::MAX] {
            let refused = read(*coding, &write(*coding, &[end(code, "")]));
            assert_eq!(refused, Err(WireError::BadCode(code.into())));
        }
    }
}

#[test]
fn a_close_code_has_16_bits() {
    let bye = [0x09, 0x06, 0x80, 0x80, 0x04, 0x00, 0x00, 0x00];
    assert_eq!(refusal(&bye), WireError::BadCode(65_536));
}

#[test]
fn a_reason_has_at_most_123_bytes() {
    let end = |length: u8| {
        let head = [0x08, length + 3, 0x00, 0xe8, 0x07];
        [&head[..], &[b'x'; 124][..length.into()]].concat()
    };
    assert!(read_binary(&end(123)).is_ok());
    assert_eq!(refusal(&end(124)), WireError::ReasonTooLong { bytes: 124 });
}

#[test]
fn a_bye_does_not_say_when_to_come_back_and_not_to() {
    let stay_away = |after, spread| refusal(&[0x09, 0x05, 0xe9, 0x07, 0x00, after, spread]);
    assert_eq!(stay_away(5, 0), WireError::UselessReturn);
    assert_eq!(stay_away(0, 5), WireError::UselessReturn);
    for coding in CODINGS {
        let at_once = Some(Return { after: Duration::ZERO, spread: Duration::ZERO });
        for again in [None, at_once] {
            let bye = Record::Bye(Bye { code: CloseCode(1001), again, reason: String::new() });
            assert_eq!(cross(*coding, &bye), bye);
        }
    }
}

#[test]
fn secrets_are_in_no_error() {
    for kind in [0x01, 0x02, 0x04, 0x08, 0x09, 0x0b, 0x0d] {
        let error = refusal(&[&[kind, 0x07][..], b"s3cr3t", &[0xff]].concat());
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }
}
