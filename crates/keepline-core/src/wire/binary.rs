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

/// What is left of a frame, or of the body of a record.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(frame: &'a [u8]) -> Self {
        Self { rest: frame }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next record of a frame; `None` if it is one to be skipped.
    pub(super) fn record(&mut self) -> Result<Option<Record>, WireError> {
        let byte = self.byte()?;
        match Kind::from_byte(byte) {
            Some(kind) => self.known(kind).map(Some),
            None if byte >= FIRST_SKIPPABLE => self.body().map(|_| None),
            None => Err(WireError::UnknownType(byte)),
        }
    }

    fn known(&mut self, kind: Kind) -> Result<Record, WireError> {
        if kind == Kind::Hello {
            self.clone().check_version()?;
        }
        let mut body = self.body()?;
        let record = fields::read(kind, &mut body)?;
        if body.is_over() { Ok(record) } else { Err(WireError::TrailingBytes) }
    }

    /// A later version may go on in any way, even with another length: only its number counts.
    fn check_version(mut self) -> Result<(), WireError> {
        let length = self.varint()?;
        let there = usize::try_from(length).map_or(self.rest.len(), |it| it.min(self.rest.len()));
        match Reader::new(&self.rest[..there]).varint() {
            Ok(VERSION) | Err(_) => Ok(()),
            Ok(other) => Err(WireError::Version(other)),
        }
    }

    fn body(&mut self) -> Result<Self, WireError> {
        let length = self.varint()?;
        let length = usize::try_from(length).map_err(|_| WireError::HalfRecord)?;
        self.take(length).map(Self::new)
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return check_number(value, byte == 0 && shift > 0);
            }
        }
        Err(WireError::NumberTooLarge)
    }

    fn byte(&mut self) -> Result<u8, WireError> {
        let (first, rest) = self.rest.split_first().ok_or(WireError::HalfRecord)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(WireError::HalfRecord)?;
        self.rest = rest;
        Ok(taken)
    }

    fn boolean(&mut self) -> Result<bool, WireError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(WireError::BadFlag(other)),
        }
    }

    fn take_rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }
}

impl Source for Reader<'_> {
    fn number(&mut self, _: &'static str) -> Result<u64, WireError> {
        self.varint()
    }

    fn flag(&mut self, _: &'static str) -> Result<bool, WireError> {
        self.boolean()
    }

    fn bits(&mut self, _: &'static str, to: &mut [u8]) -> Result<(), WireError> {
        let bits = self.take(to.len())?;
        to.copy_from_slice(bits);
        Ok(())
    }

    fn optional_epoch(&mut self, name: &'static str) -> Result<Option<Epoch>, WireError> {
        let mut bits = [0; 8];
        self.bits(name, &mut bits)?;
        Ok(Epoch::new(bits))
    }

    fn present(&mut self, _: &'static str) -> Result<bool, WireError> {
        self.boolean()
    }

    fn text(&mut self, _: &'static str) -> Result<String, WireError> {
        let text = core::str::from_utf8(self.take_rest()).map_err(|_| WireError::NotUtf8)?;
        Ok(text.to_owned())
    }

    fn optional_text(&mut self, name: &'static str) -> Result<Option<String>, WireError> {
        Ok(Some(self.text(name)?).filter(|text| !text.is_empty()))
    }

    fn bytes(&mut self, _: &'static str) -> Result<Vec<u8>, WireError> {
        Ok(self.take_rest().to_owned())
    }
}

const fn check_number(value: u64, long: bool) -> Result<u64, WireError> {
    if long {
        Err(WireError::LongNumber)
    } else if value > MAX_NUMBER {
        Err(WireError::NumberTooLarge)
    } else {
        Ok(value)
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
