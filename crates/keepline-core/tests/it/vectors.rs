//! The test vectors of docs/protocol.md, held against both encodings.

use keepline_core::wire::{Coding, FrameLimits, FrameWriter, Record, WireError, records};
use keepline_core::{CloseCode, Payload};
use serde_json::Value;

fn vectors(list: &str) -> Vec<Value> {
    let text = include_str!("../../../../docs/vectors.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all[list].as_array().unwrap().clone()
}

fn read(coding: Coding, frame: &Payload) -> Result<Vec<Record>, WireError> {
    records(coding, frame, FrameLimits::for_messages(1 << 20, coding)).collect()
}

fn write(coding: Coding, records: &[Record]) -> Payload {
    let mut frame = FrameWriter::new(coding);
    records.iter().for_each(|record| frame.record(record));
    frame.finish()
}

fn from_hexadecimal(digits: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// The frames of a vector, in the encodings that it has.
fn frames(vector: &Value) -> impl Iterator<Item = (Coding, Payload)> {
    let binary = vector["binary"]
        .as_str()
        .map(|digits| (Coding::Binary, Payload::Binary(from_hexadecimal(digits))));
    let json = vector["json"].as_str().map(|text| (Coding::Json, Payload::Text(text.into())));
    binary.into_iter().chain(json)
}

/// What the `records` of a vector are.
fn meant(vector: &Value) -> Vec<Record> {
    match vector["records"].to_string() {
        none if none == "[]" => vec![],
        json => read(Coding::Json, &Payload::Text(json)).unwrap(),
    }
}

#[test]
fn each_frame_is_made_from_its_records_and_its_records_from_it() {
    for vector in vectors("frames") {
        let meant = meant(&vector);
        for (coding, frame) in frames(&vector) {
            assert_eq!(read(coding, &frame).as_ref(), Ok(&meant), "{vector}");
            assert_eq!(write(coding, &meant), frame, "{vector}");
        }
        let Payload::Text(json) = write(Coding::Json, &meant) else { panic!("no text") };
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), vector["records"]);
    }
}

#[test]
fn each_readable_frame_is_read_as_its_records() {
    for vector in vectors("readable") {
        for (coding, frame) in frames(&vector) {
            assert_eq!(read(coding, &frame), Ok(meant(&vector)), "{vector}");
        }
    }
}

#[test]
fn each_malformed_frame_closes_with_its_code() {
    for vector in vectors("malformed") {
        let code = CloseCode(vector["closeCode"].as_u64().unwrap().try_into().unwrap());
        for (coding, frame) in frames(&vector) {
            let refused = read(coding, &frame).map_err(|error| error.close_code());
            assert_eq!(refused, Err(code), "{vector}");
        }
    }
}

#[test]
fn each_vector_has_something_to_say() {
    for list in ["frames", "readable", "malformed"] {
        assert!(vectors(list).iter().all(|vector| frames(vector).count() > 0));
    }
}

#[test]
fn the_worked_examples_of_the_specification_are_among_the_frames() {
    let page = include_str!("../../../../docs/protocol.md");
    let (_, section) = page.split_once("### 4.6 Byte by byte").unwrap();
    let (section, _) = section.split_once("### 4.7").unwrap();
    let examples: Vec<_> = section.split("The same in JSON").map(bytes_of_example).collect();
    let worked = |vector: &Value| vector["name"].as_str().unwrap().contains("the worked example");
    let binary = |vector: &Value| vector["binary"].as_str().map(from_hexadecimal).unwrap();
    let frames: Vec<_> = vectors("frames").iter().filter(|it| worked(it)).map(binary).collect();
    assert_eq!(examples, frames);
}

/// The bytes at the beginning of each line that is set as code.
fn bytes_of_example(text: &str) -> Vec<u8> {
    let code = text.lines().filter_map(|line| line.strip_prefix("    "));
    let byte = |word: &str| match word.len() {
        2 => u8::from_str_radix(word, 16).ok(),
        _ => None,
    };
    code.flat_map(|line| line.split_whitespace().map_while(byte)).collect()
}
