//! The members of one flat object, as they came.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::super::error::WireError;
use super::super::fields::Source;
use super::super::{Epoch, MAX_NUMBER};

/// No record has half as many; what an object has above that is not kept, but for what says which
/// record it is.
const MOST_KEPT: usize = 32;
const ALWAYS_KEPT: [&str; 2] = ["type", "version"];

/// The members of an object that nobody has asked for yet.
#[derive(Default)]
pub(super) struct Members<'a> {
    kept: Vec<(Cow<'a, str>, Value<'a>)>,
    too_many: bool,
    wrong: Option<WireError>,
}

/// What a member may be. Nothing nested is kept, however deep or large it is.
enum Value<'a> {
    Number(u64),
    Flag(bool),
    Text(Cow<'a, str>),
    /// Of a type that no member has.
    Other,
}

/// A name: borrowed, unless it has escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// Whether all was as it must be, and all members were asked for.
    pub(super) fn check_end(&self) -> Result<(), WireError> {
        match self.wrong {
            Some(error) => Err(error),
            None if self.kept.is_empty() && !self.too_many => Ok(()),
            None => Err(WireError::StrayMember),
        }
    }

    /// What a field reads as, if nothing is wrong.
    fn field<T: Default>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, WireError>) -> T {
        if self.wrong.is_some() {
            return T::default();
        }
        read(self).unwrap_or_else(|error| {
            self.wrong = Some(error);
            T::default()
        })
    }

    pub(super) fn integer(&mut self, name: &'static str) -> Result<u64, WireError> {
        match self.take(name)? {
            Value::Number(number) if number <= MAX_NUMBER => Ok(number),
            Value::Number(_) => Err(WireError::NumberTooLarge),
            Value::Flag(_) | Value::Text(_) | Value::Other => Err(WireError::WrongMember(name)),
        }
    }

    fn boolean(&mut self, name: &'static str) -> Result<bool, WireError> {
        match self.take(name)? {
            Value::Flag(flag) => Ok(flag),
            Value::Number(_) | Value::Text(_) | Value::Other => Err(WireError::WrongMember(name)),
        }
    }

    fn hexadecimal(&mut self, name: &'static str, to: &mut [u8]) -> Result<(), WireError> {
        let digits = self.str(name)?;
        hexadecimal(digits.as_bytes(), to).ok_or(WireError::WrongMember(name))
    }

    fn epoch(&mut self, name: &'static str) -> Result<Option<Epoch>, WireError> {
        let mut bits = [0; 8];
        self.hexadecimal(name, &mut bits)?;
        Epoch::new(bits).map(Some).ok_or(WireError::ZeroEpoch)
    }

    fn owned(&mut self, name: &'static str) -> Result<String, WireError> {
        self.str(name).map(Cow::into_owned)
    }

    pub(super) fn str(&mut self, name: &'static str) -> Result<Cow<'a, str>, WireError> {
        match self.take(name)? {
            Value::Text(text) => Ok(text),
            Value::Number(_) | Value::Flag(_) | Value::Other => Err(WireError::WrongMember(name)),
        }
    }

    fn take(&mut self, name: &'static str) -> Result<Value<'a>, WireError> {
        let at = self.position(name).ok_or(WireError::MissingMember(name))?;
        Ok(self.kept.remove(at).1)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.kept.iter().position(|(other, _)| other == name)
    }

    fn keep(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        let is_needed = ALWAYS_KEPT.contains(&&*name) && !self.has(&name);
        if self.kept.len() < MOST_KEPT || is_needed {
            self.kept.push((name, value));
        } else {
            self.too_many = true;
        }
    }
}

impl Source for Members<'_> {
    fn number(&mut self, name: &'static str) -> u64 {
        self.field(|members| members.integer(name))
    }

    fn flag(&mut self, name: &'static str) -> bool {
        self.field(|members| members.boolean(name))
    }

    fn bits(&mut self, name: &'static str, to: &mut [u8]) {
        self.field(|members| members.hexadecimal(name, to));
    }

    fn optional_epoch(&mut self, name: &'static str) -> Option<Epoch> {
        if self.has(name) { self.field(|members| members.epoch(name)) } else { None }
    }

    fn present(&mut self, name: &'static str) -> bool {
        self.has(name)
    }

    fn text(&mut self, name: &'static str) -> String {
        self.field(|members| members.owned(name))
    }

    fn optional_text(&mut self, name: &'static str) -> Option<String> {
        if !self.has(name) {
            return None;
        }
        self.field(|members| members.owned(name).and_then(not_empty).map(Some))
    }

    fn bytes(&mut self, name: &'static str) -> Vec<u8> {
        self.field(|members| {
            let digits = members.str(name)?;
            STANDARD.decode(digits.as_bytes()).map_err(|_| WireError::WrongMember(name))
        })
    }

    fn skip(&mut self) {
        self.kept.clear();
    }

    fn refuse(&mut self, error: WireError) {
        self.wrong.get_or_insert(error);
    }
}

/// Left out is how JSON says that there is none.
fn not_empty(text: String) -> Result<String, WireError> {
    if text.is_empty() { Err(WireError::EmptyCredentials) } else { Ok(text) }
}

fn hexadecimal(digits: &[u8], to: &mut [u8]) -> Option<()> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != to.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in to.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(())
}

/// Lower case only, so that an id is written in one way.
const fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut members = Self::default();
        Filling(&mut members).deserialize(from)?;
        Ok(members)
    }
}

/// Fills members in as they come, so that they are there even if the object breaks off.
pub(super) struct Filling<'m, 'a>(pub(super) &'m mut Members<'a>);

impl<'de> DeserializeSeed<'de> for Filling<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Filling<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            self.0.keep(name, map.next_value()?);
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Value<'de>, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value<'de>, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value<'de>, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Value::Other)
    }
}
