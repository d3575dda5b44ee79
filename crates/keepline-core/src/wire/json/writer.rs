//! Writes records as flat objects of an array.

use alloc::string::String;
use core::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::fields::Sink;
use super::super::kind::Kind;
use super::super::{Epoch, MAX_NUMBER};
use crate::Payload;

/// A frame that is being written, still without its closing bracket.
#[derive(Default)]
pub(in super::super) struct Writer {
    json: String,
}

impl Writer {
    pub(in super::super) const fn len(&self) -> usize {
        self.json.len() + 1
    }

    pub(in super::super) fn finish(mut self) -> String {
        self.json.push(']');
        self.json
    }

    fn name(&mut self, name: &'static str) {
        self.json.push_str(",\"");
        self.json.push_str(name);
        self.json.push_str("\":");
    }

    fn escaped(&mut self, c: char) {
        match c {
            '"' => self.json.push_str("\\\""),
            '\\' => self.json.push_str("\\\\"),
            '\n' => self.json.push_str("\\n"),
            '\r' => self.json.push_str("\\r"),
            '\t' => self.json.push_str("\\t"),
            '\0'..' ' => self.formatted(format_args!("\\u{:04x}", u32::from(c))),
            _ => self.json.push(c),
        }
    }

    fn formatted(&mut self, value: core::fmt::Arguments<'_>) {
        self.json.write_fmt(value).expect("a string takes whatever is written");
    }
}

impl Sink for Writer {
    fn begin(&mut self, kind: Kind) -> usize {
        self.json.push(if self.json.is_empty() { '[' } else { ',' });
        self.json.push_str("{\"type\":\"");
        self.json.push_str(kind.name());
        self.json.push('"');
        self.json.len()
    }

    fn end(&mut self, _: usize) {
        self.json.push('}');
    }

    fn message(&mut self, number: u64, payload: &Payload) {
        match payload {
            Payload::Text(text) => {
                self.begin(Kind::Text);
                self.number("number", number);
                self.text("text", text);
            }
            Payload::Binary(bytes) => {
                self.begin(Kind::Bytes);
                self.number("number", number);
                self.name("bytes");
                self.json.push('"');
                STANDARD.encode_string(bytes, &mut self.json);
                self.json.push('"');
            }
        }
        self.json.push('}');
    }

    fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        self.formatted(format_args!("{}", value.min(MAX_NUMBER)));
    }

    fn flag(&mut self, name: &'static str, value: bool) {
        self.name(name);
        self.json.push_str(if value { "true" } else { "false" });
    }

    fn bits(&mut self, name: &'static str, bits: &[u8]) {
        self.name(name);
        self.json.push('"');
        for byte in bits {
            self.formatted(format_args!("{byte:02x}"));
        }
        self.json.push('"');
    }

    fn optional_epoch(&mut self, name: &'static str, epoch: Option<Epoch>) {
        if let Some(epoch) = epoch {
            self.bits(name, &epoch.bits());
        }
    }

    /// The names of the members say so.
    fn present(&mut self, _: bool) {}

    fn text(&mut self, name: &'static str, text: &str) {
        self.name(name);
        self.json.push('"');
        text.chars().for_each(|c| self.escaped(c));
        self.json.push('"');
    }

    fn optional_text(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }
}
