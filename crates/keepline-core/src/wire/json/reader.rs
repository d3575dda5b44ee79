//! Reads records one by one from an array of flat objects.

use serde::de::DeserializeSeed;
use serde_json::Deserializer;
use serde_json::error::Category;

use super::super::error::WireError;
use super::super::fields;
use super::super::kind::Kind;
use super::super::{Record, VERSION};
use super::members::{Filling, Members};

const ARRAY: WireError = WireError::Json("array of records");
const OBJECT: WireError = WireError::Json("record, which is an object");

/// What is left of a frame.
pub(in super::super) struct Reader<'a> {
    rest: &'a str,
    /// What stands before the next record: the opening bracket, and later a comma.
    before: char,
}

impl<'a> Reader<'a> {
    pub(in super::super) const fn new(frame: &'a str) -> Self {
        Self { rest: frame, before: '[' }
    }

    /// Whether another record follows; if so, goes to where it begins.
    pub(in super::super) fn advance(&mut self) -> Result<bool, WireError> {
        self.skip_whitespace();
        if self.before == ',' && self.skip(']') {
            self.skip_whitespace();
            return if self.rest.is_empty() { Ok(false) } else { Err(WireError::TrailingBytes) };
        }
        if !self.skip(self.before) {
            return Err(ARRAY);
        }
        self.skip_whitespace();
        if self.before == '[' && self.rest.starts_with(']') {
            return Err(WireError::Empty);
        }
        self.before = ',';
        Ok(true)
    }

    /// The record that begins here; `None` if it is one to be skipped.
    pub(in super::super) fn record(&mut self) -> Result<Option<Record>, WireError> {
        let mut members = self.object()?;
        let name = members.str("type")?;
        match Kind::from_name(&name) {
            Some(Kind::Text) if members.has("bytes") => known(Kind::Bytes, members),
            Some(kind) => known(kind, members),
            None if name.starts_with('?') => Ok(None),
            None => Err(WireError::UnknownName),
        }
    }

    fn object(&mut self) -> Result<Members<'a>, WireError> {
        let mut objects = Deserializer::from_str(self.rest).into_iter();
        let object = objects.next();
        let end = objects.byte_offset();
        // What it needed for this object, it does not keep while the object is read once more.
        drop(objects);
        match object {
            Some(Ok(members)) => {
                self.rest = &self.rest[end..];
                Ok(members)
            }
            Some(Err(error)) => Err(other_version(self.rest).unwrap_or_else(|| broken(&error))),
            None => Err(ARRAY),
        }
    }

    fn skip(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_whitespace(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}

fn known(kind: Kind, mut members: Members<'_>) -> Result<Option<Record>, WireError> {
    let record = fields::read(kind, &mut members);
    members.check_end()?;
    Ok(Some(record))
}

/// A `hello` of a later version may break off in any way after it has said so.
fn other_version(json: &str) -> Option<WireError> {
    let mut members = Members::default();
    // That it breaks off is known.
    Filling(&mut members).deserialize(&mut Deserializer::from_str(json)).err()?;
    let name = members.str("type").ok()?;
    match members.integer("version").ok()? {
        VERSION => None,
        other => (name == Kind::Hello.name()).then_some(WireError::Version(other)),
    }
}

fn broken(error: &serde_json::Error) -> WireError {
    match error.classify() {
        Category::Data => OBJECT,
        Category::Eof => WireError::HalfRecord,
        Category::Io | Category::Syntax => WireError::Json("JSON that is well formed"),
    }
}
