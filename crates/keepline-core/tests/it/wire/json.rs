//! Frames of text.

use keepline_core::Payload;
use keepline_core::wire::{Coding, FrameLimits, MAX_NUMBER, MAX_RECORDS, Record, WireError};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{hello, read, records, write};

const PING: &str = r#"{"type":"ping","token":5}"#;

fn read_json(json: &str) -> Result<Vec<Record>, WireError> {
    read(Coding::Json, &Payload::Text(json.into()))
}

fn refusal(json: &str) -> WireError {
    read_json(json).unwrap_err()
}

/// A frame of one ping whose token is written so.
fn token(token: &str) -> Result<Vec<Record>, WireError> {
    read_json(&format!(r#"[{{"type":"ping","token":{token}}}]"#))
}

/// A frame of one message whose text is written so.
fn text(text: &str) -> Result<Vec<Record>, WireError> {
    read_json(&format!(r#"[{{"type":"message","number":1,"text":"{text}"}}]"#))
}

#[test]
fn a_binary_frame_is_refused_where_frames_are_text() {
    assert_eq!(read(Coding::Json, &Payload::Binary(vec![6, 1, 5])), Err(WireError::WrongKind));
}

#[test]
fn a_frame_is_an_array_of_objects() {
    let array = WireError::Json("array of records");
    for broken in ["x", "{}", "[{}", &format!("[{PING}{PING}]"), &format!("[{PING},")] {
        assert_eq!(refusal(broken).close_code(), 4451, "{broken}");
    }
    assert_eq!(refusal(PING), array);
    assert_eq!(refusal("["), array);
    assert_eq!(refusal(&format!("[{PING}")), array);
    assert_eq!(refusal(&format!("[{PING},")), array);
    assert_eq!(refusal("[null]"), WireError::Json("record, which is an object"));
    assert_eq!(refusal(r#"[["ping",5]]"#), WireError::Json("record, which is an object"));
    assert_eq!(refusal("[]"), WireError::Empty);
    assert_eq!(refusal(" [ ] "), WireError::Empty);
    assert_eq!(refusal(&format!("[{PING}] x")), WireError::TrailingBytes);
}

#[test]
fn half_a_record_is_refused_wherever_it_breaks_off() {
    let Payload::Text(whole) = write(Coding::Json, &[Record::Hello(hello())]) else {
        panic!("no text")
    };
    for length in 1..whole.len() {
        assert_eq!(refusal(&whole[..length]).close_code(), 4451);
    }
}

#[test]
fn white_space_and_the_order_of_members_mean_nothing() {
    let odd =
        "\t[ \r\n{ \"token\" : 5 , \"type\" : \"ping\" }\n, { \"type\":\"pong\",\"token\":6} ] ";
    assert_eq!(read_json(odd).unwrap(), [Record::Ping(5), Record::Pong(6)]);
}

#[test]
fn a_doubled_member_is_refused() {
    assert_eq!(refusal(r#"[{"type":"ping","token":5,"token":5}]"#), WireError::StrayMember);
    assert_eq!(refusal(r#"[{"type":"ping","token":5,"type":"ping"}]"#), WireError::StrayMember);
    assert_eq!(refusal(r#"[{"type":"ping","token":5,"\u0074oken":6}]"#), WireError::StrayMember);
}

#[test]
fn an_unknown_member_is_refused_and_so_are_a_million() {
    assert_eq!(refusal(r#"[{"type":"ping","token":5,"extra":1}]"#), WireError::StrayMember);
    let million = r#""a":1,"#.repeat(1_000_000);
    let frame = Payload::Text(format!(r#"[{{"type":"ping","token":5,{million}"b":1}}]"#));
    let limits = FrameLimits { bytes: usize::MAX, records: 1 };
    let mut reading = records(Coding::Json, &frame, limits);
    assert_eq!(reading.next(), Some(Err(WireError::StrayMember)));
}

/// A later version may give its records any members.
#[test]
fn what_is_skipped_and_which_version_is_spoken_is_seen_behind_any_number_of_members() {
    let many: String = (0..100).map(|nth| format!("\"m{nth}\":{nth},")).collect();
    let skipped = format!(r#"[{{{many}"type":"?news"}},{{"type":"ping","token":5}}]"#);
    assert_eq!(read_json(&skipped).unwrap(), [Record::Ping(5)]);
    let later = format!(r#"[{{"type":"hello",{many}"version":2}}]"#);
    assert_eq!(refusal(&later), WireError::Version(2));
}

#[test]
fn a_missing_member_is_named() {
    let refused = refusal(r#"[{"type":"ack","taken":1,"credit":2}]"#);
    assert_eq!(refused, WireError::MissingMember("creditBytes"));
    assert_eq!(refusal("[{}]"), WireError::MissingMember("type"));
    assert_eq!(refusal(r#"[{"type":"message","number":1}]"#), WireError::MissingMember("text"));
}

#[test]
fn a_number_is_written_as_an_integer_of_53_bits() {
    assert_eq!(token("9007199254740991").unwrap(), [Record::Ping(MAX_NUMBER)]);
    assert_eq!(token("9007199254740992"), Err(WireError::NumberTooLarge));
    for wrong in ["5.0", "5e0", "5E+0", "-5", "-0", "18446744073709551616", "\"5\"", "true"] {
        assert_eq!(token(wrong), Err(WireError::WrongMember("token")), "{wrong}");
    }
    for broken in ["05", "+5", "5.", ".5", "0x5", "NaN", "1e999"] {
        assert_eq!(token(broken).unwrap_err().close_code(), 4451, "{broken}");
    }
}

#[test]
fn null_is_no_value_of_any_member() {
    assert_eq!(token("null"), Err(WireError::WrongMember("token")));
    let Payload::Text(frame) = write(Coding::Json, &[Record::Hello(hello())]) else {
        panic!("no text")
    };
    let with = |member: &str| refusal(&frame.replacen("}]", &format!(",\"{member}\":null}}]"), 1));
    assert_eq!(with("epoch"), WireError::WrongMember("epoch"));
    assert_eq!(with("credentials"), WireError::WrongMember("credentials"));
}

#[test]
fn nesting_is_refused_however_deep() {
    assert_eq!(token("[5]"), Err(WireError::WrongMember("token")));
    assert_eq!(token("{\"a\":5}"), Err(WireError::WrongMember("token")));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(token(&deep), Err(WireError::WrongMember("token")));
    assert_eq!(refusal(&deep), WireError::Json("record, which is an object"));
}

#[test]
fn a_lone_surrogate_is_refused_and_a_pair_is_not() {
    let came = text("\\ud83d\\ude00").unwrap();
    assert_eq!(came, [Record::Message(1, Payload::Text("\u{1f600}".into()))]);
    for lone in ["\\ud800", "\\udc00", "\\ude00\\ud83d", "\\ud83dx", "\\ud83d\\u0041"] {
        assert_eq!(text(lone), Err(WireError::Json("JSON that is well formed")), "{lone}");
    }
}

#[test]
fn a_control_character_is_escaped_or_refused() {
    assert!(text("\\u0000\\n").is_ok());
    assert!(text("\n").is_err());
}

#[test]
fn bytes_are_base64_with_its_padding() {
    let bytes =
        |base64| read_json(&format!(r#"[{{"type":"message","number":1,"bytes":"{base64}"}}]"#));
    assert_eq!(bytes("AP8=").unwrap(), [Record::Message(1, Payload::Binary(vec![0, 255]))]);
    for wrong in ["AP8", "AP9=", "AP8==", "_w==", "A P8=", "====", "A"] {
        assert_eq!(bytes(wrong), Err(WireError::WrongMember("bytes")), "{wrong}");
    }
}

#[test]
fn an_id_is_written_in_lower_case_and_whole() {
    let Payload::Text(frame) = write(Coding::Json, &[Record::Hello(hello())]) else {
        panic!("no text")
    };
    let id = "07".repeat(16);
    for wrong in ["0A".repeat(16), "07".repeat(15), "07".repeat(17), format!("{}7", &id[..30])] {
        assert_eq!(refusal(&frame.replace(&id, &wrong)), WireError::WrongMember("session"));
    }
}

#[test]
fn an_epoch_of_zero_is_left_out() {
    let Payload::Text(frame) = write(Coding::Json, &[Record::Hello(hello())]) else {
        panic!("no text")
    };
    assert!(!frame.contains("epoch"));
    let with_zero = frame.replacen("}]", &format!(",\"epoch\":\"{}\"}}]", "0".repeat(16)), 1);
    assert_eq!(refusal(&with_zero), WireError::ZeroEpoch);
}

#[test]
fn an_unknown_record_is_skipped_or_refused_by_its_name() {
    let between = |other: &str| read_json(&format!("[{PING},{other},{PING}]"));
    let nested = r#"{"a":[{"b":null}],"a":1.5,"token":"x","type":"?new","hello":{}}"#;
    let large = format!(r#"{{"type":"?{}"}}"#, r#"","x":""#.repeat(1000));
    for skipped in [r#"{"type":"?"}"#, nested, &large] {
        assert_eq!(between(skipped).unwrap().len(), 2);
    }
    for refused in ["news", "", "PING", "ping?"] {
        let json = format!(r#"{{"type":"{refused}"}}"#);
        assert_eq!(between(&json), Err(WireError::UnknownName));
    }
}

#[test]
fn too_many_records_are_refused() {
    let frame = Payload::Text(format!("[{}{PING}]", format!("{PING},").repeat(MAX_RECORDS)));
    assert_eq!(read(Coding::Json, &frame), Err(WireError::TooManyRecords));
}

#[test]
fn another_version_is_told_whatever_follows_it() {
    for rest in [
        "}]",
        r#","who":{"me":[1,null]}}]"#,
        ",#",
        "",
        r#","text":"\ud800"}]"#,
        r#","version":1}]"#,
    ] {
        let json = format!(r#"[{{"type":"hello","version":2{rest}"#);
        assert_eq!(refusal(&json), WireError::Version(2), "{json}");
    }
    assert_eq!(refusal(r#"[{"version":3,"type":"hello"}]"#), WireError::Version(3));
    assert_eq!(refusal(r#"[{"type":"hello","version":1}]"#), WireError::MissingMember("session"));
    assert_eq!(refusal(r#"[{"type":"ping","version":2,#"#).close_code(), 4451);
}
