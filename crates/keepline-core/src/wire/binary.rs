//! The binary encoding, `keepline.v1` (docs/protocol.md §3.1).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::error::WireError;
use super::fields::{self, Sink, Source};
use super::kind::Kind;
use super::{Epoch, MAX_NUMBER, Record, VERSION};
use crate::Payload;

/// From here on, a record of an unknown type is skipped.
const FIRST_SKIPPABLE: u8 = 0x80;

/// A frame that is being written.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn varint(&mut self, value: u64) {
        let mut rest = value.min(MAX_NUMBER);
        while rest >= 0x80 {
            self.bytes.push(low_bits(rest) | 0x80);
            rest >>= 7;
        }
        self.bytes.push(low_bits(rest));
    }
}

impl Sink for Writer {
    fn begin(&mut self, kind: Kind) -> usize {
        self.bytes.push(kind.byte());
        self.bytes.len()
    }

    /// The length goes before the fields, which are few and small.
    fn end(&mut self, begun: usize) {
        let (mut rest, mut at) = ((self.bytes.len() - begun) as u64, begun);
        while rest >= 0x80 {
            self.bytes.insert(at, low_bits(rest) | 0x80);
            (rest, at) = (rest >> 7, at + 1);
        }
        self.bytes.insert(at, low_bits(rest));
    }

    fn message(&mut self, number: u64, payload: &Payload) {
        let (kind, content) = match payload {
            Payload::Text(text) => (Kind::Text, text.as_bytes()),
            Payload::Binary(bytes) => (Kind::Bytes, bytes.as_slice()),
        };
        let length = varint_len(number) + content.len();
        self.bytes.reserve(1 + varint_len(length as u64) + length);
        self.bytes.push(kind.byte());
        self.varint(length as u64);
        self.varint(number);
        self.bytes.extend_from_slice(content);
    }

    fn number(&mut self, _: &'static str, value: u64) {
        self.varint(value);
    }

    fn flag(&mut self, _: &'static str, value: bool) {
        self.bytes.push(value.into());
    }

    fn bits(&mut self, _: &'static str, bits: &[u8]) {
        self.bytes.extend_from_slice(bits);
    }

    fn optional_epoch(&mut self, _: &'static str, epoch: Option<Epoch>) {
        self.bytes.extend_from_slice(&epoch.map_or([0; 8], Epoch::bits));
    }

    fn present(&mut self, present: bool) {
        self.bytes.push(present.into());
    }

    fn text(&mut self, _: &'static str, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn optional_text(&mut self, name: &'static str, text: &str) {
        self.text(name, text);
    }
}

/// What is left of a frame, or of the body of a record; nothing once something was wrong.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    wrong: Option<WireError>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(frame: &'a [u8]) -> Self {
        Self { rest: frame, wrong: None }
    }

    /// Of a frame that is not looked into.
    pub(super) const fn refused(error: WireError) -> Self {
        Self { rest: &[], wrong: Some(error) }
    }

    /// Whether another record follows.
    pub(super) fn advance(&self) -> Result<bool, WireError> {
        match self.wrong {
            Some(error) => Err(error),
            None => Ok(!self.rest.is_empty()),
        }
    }

    /// That record; `None` if it is one to be skipped.
    pub(super) fn record(&mut self) -> Result<Option<Record>, WireError> {
        let byte = self.byte();
        let kind = Kind::from_byte(byte);
        self.refuse_if(kind.is_none() && byte < FIRST_SKIPPABLE, WireError::UnknownType(byte));
        if fields::SERVES && kind == Some(Kind::Hello) {
            self.check_version();
        }
        let mut body = self.body();
        let record = kind.map(|kind| fields::read(kind, &mut body));
        body.refuse_if(record.is_some() && !body.rest.is_empty(), WireError::TrailingBytes);
        self.wrong = body.wrong;
        self.advance().map(|_| record)
    }

    /// A later version may go on in any way, even with another length: only its number counts.
    fn check_version(&mut self) {
        let mut ahead = Self::new(self.rest);
        let length = usize::try_from(ahead.varint()).unwrap_or(usize::MAX);
        let mut body = Self::new(ahead.rest.get(..length).unwrap_or(ahead.rest));
        let version = body.varint();
        let is_other = ahead.wrong.is_none() && body.wrong.is_none() && version != VERSION;
        self.refuse_if(is_other, WireError::Version(version));
    }

    fn body(&mut self) -> Self {
        let length = usize::try_from(self.varint()).unwrap_or(usize::MAX);
        Self { rest: self.take(length), wrong: self.wrong }
    }

    fn varint(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..56).step_by(7) {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                self.refuse_if(byte == 0 && shift > 0, WireError::LongNumber);
                self.refuse_if(value > MAX_NUMBER, WireError::NumberTooLarge);
                return value;
            }
        }
        self.refuse(WireError::NumberTooLarge);
        0
    }

    fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((first, rest)) => {
                self.rest = rest;
                *first
            }
            None => {
                self.refuse(WireError::HalfRecord);
                0
            }
        }
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                taken
            }
            None => {
                self.refuse(WireError::HalfRecord);
                &[]
            }
        }
    }
}

impl Source for Reader<'_> {
    fn number(&mut self, _: &'static str) -> u64 {
        self.varint()
    }

    fn flag(&mut self, _: &'static str) -> bool {
        let flag = self.byte();
        self.refuse_if(flag > 1, WireError::BadFlag(flag));
        flag == 1
    }

    fn bits(&mut self, _: &'static str, to: &mut [u8]) {
        let bits = self.take(to.len());
        if bits.len() == to.len() {
            to.copy_from_slice(bits);
        }
    }

    fn optional_epoch(&mut self, name: &'static str) -> Option<Epoch> {
        let mut bits = [0; 8];
        self.bits(name, &mut bits);
        Epoch::new(bits)
    }

    fn present(&mut self, name: &'static str) -> bool {
        self.flag(name)
    }

    fn text(&mut self, _: &'static str) -> String {
        match core::str::from_utf8(core::mem::take(&mut self.rest)) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                self.refuse(WireError::NotUtf8);
                String::new()
            }
        }
    }

    fn optional_text(&mut self, name: &'static str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    fn bytes(&mut self, _: &'static str) -> Vec<u8> {
        core::mem::take(&mut self.rest).to_owned()
    }

    fn skip(&mut self) {
        self.rest = &[];
    }

    fn refuse(&mut self, error: WireError) {
        self.rest = &[];
        self.wrong.get_or_insert(error);
    }
}

#[allow(clippy::cast_possible_truncation, reason = "seven bits fit into a byte")]
const fn low_bits(value: u64) -> u8 {
    (value & 0x7f) as u8
}

/// The bytes that [`Writer::varint`] makes of a number.
const fn varint_len(value: u64) -> usize {
    let value = if value > MAX_NUMBER { MAX_NUMBER } else { value };
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}
