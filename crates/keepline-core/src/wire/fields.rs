//! The tables of docs/protocol.md §4, once for both encodings: which fields a record has.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::error::WireError;
use super::kind::Kind;
use super::{
    Ack, Bye, Credentials, Credit, Epoch, Finale, GoAway, Greeting, Hello, Instance, MAX_NUMBER,
    Previous, Record, Return, SessionId, VERSION, Window,
};
use crate::{CloseCode, MAX_CLOSE_REASON, Payload};

/// What records are written to. Binary goes by the order of the fields, JSON by their names.
pub(super) trait Sink {
    /// A record of this kind, whose fields the closure writes.
    fn record(&mut self, kind: Kind, fields: impl FnOnce(&mut Self));
    fn message(&mut self, number: u64, payload: &Payload);
    /// A number above [`MAX_NUMBER`] becomes that.
    fn number(&mut self, name: &'static str, value: u64);
    fn flag(&mut self, name: &'static str, value: bool);
    fn bits(&mut self, name: &'static str, bits: &[u8]);
    fn optional_epoch(&mut self, name: &'static str, epoch: Option<Epoch>);
    /// Whether the optional fields that follow are there.
    fn present(&mut self, present: bool);
    /// A text that takes the rest of the record.
    fn text(&mut self, name: &'static str, text: &str);
    /// The same; an empty one is as good as none.
    fn optional_text(&mut self, name: &'static str, text: &str);
}

/// What the fields of one record are read from, in the order of the tables.
pub(super) trait Source {
    fn number(&mut self, name: &'static str) -> Result<u64, WireError>;
    fn flag(&mut self, name: &'static str) -> Result<bool, WireError>;
    fn bits<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], WireError>;
    fn optional_epoch(&mut self, name: &'static str) -> Result<Option<Epoch>, WireError>;
    /// Whether the optional fields that begin with `name` are there.
    fn present(&mut self, name: &'static str) -> Result<bool, WireError>;
    fn text(&mut self, name: &'static str) -> Result<String, WireError>;
    fn optional_text(&mut self, name: &'static str) -> Result<Option<String>, WireError>;
    fn bytes(&mut self, name: &'static str) -> Result<Vec<u8>, WireError>;
}

pub(super) fn write(record: &Record, sink: &mut impl Sink) {
    match record {
        Record::Hello(hello) => sink.record(Kind::Hello, |to| write_hello(hello, to)),
        Record::Greeting(greeting) => {
            sink.record(Kind::Greeting, |to| write_greeting(greeting, to));
        }
        Record::Ack(ack) => sink.record(Kind::Ack, |to| write_ack(*ack, to)),
        Record::Message(number, payload) => sink.message(*number, payload),
        Record::Ping(token) => sink.record(Kind::Ping, |to| to.number("token", *token)),
        Record::Pong(token) => sink.record(Kind::Pong, |to| to.number("token", *token)),
        Record::End(finale) => sink.record(Kind::End, |to| write_end(finale, to)),
        Record::Bye(bye) => sink.record(Kind::Bye, |to| write_bye(bye, to)),
        Record::GoAway(away) => sink.record(Kind::GoAway, |to| write_go_away(*away, to)),
        Record::Renew(Credentials(renewed)) => {
            sink.record(Kind::Renew, |to| to.text("credentials", renewed));
        }
        Record::Renewed(expires) => sink.record(Kind::Renewed, |to| write_expiry(*expires, to)),
    }
}

/// Reads what a record of this kind has, and leaves what it has not.
pub(super) fn read(kind: Kind, from: &mut impl Source) -> Result<Record, WireError> {
    Ok(match kind {
        Kind::Hello => Record::Hello(read_hello(from)?),
        Kind::Greeting => Record::Greeting(read_greeting(from)?),
        Kind::Ack => Record::Ack(read_ack(from)?),
        Kind::Text => Record::Message(from.number("number")?, Payload::Text(from.text("text")?)),
        Kind::Bytes => {
            Record::Message(from.number("number")?, Payload::Binary(from.bytes("bytes")?))
        }
        Kind::Ping => Record::Ping(from.number("token")?),
        Kind::Pong => Record::Pong(from.number("token")?),
        Kind::End => Record::End(read_end(from)?),
        Kind::Bye => Record::Bye(read_bye(from)?),
        Kind::GoAway => Record::GoAway(read_go_away(from)?),
        Kind::Renew => Record::Renew(read_renewed_credentials(from)?),
        Kind::Renewed => Record::Renewed(read_expiry(from)?),
    })
}

fn write_hello(hello: &Hello, to: &mut impl Sink) {
    to.number("version", VERSION);
    to.bits("session", &hello.session.0);
    to.bits("instance", &hello.instance.0);
    to.number("attempt", hello.attempt);
    to.optional_epoch("epoch", hello.epoch);
    to.number("received", hello.received);
    write_window(hello.window, to);
    let credentials = hello.credentials.as_ref().map_or("", |Credentials(text)| text);
    to.optional_text("credentials", credentials);
}

fn read_hello(from: &mut impl Source) -> Result<Hello, WireError> {
    match from.number("version")? {
        VERSION => {}
        other => return Err(WireError::Version(other)),
    }
    Ok(Hello {
        session: SessionId(from.bits("session")?),
        instance: Instance(from.bits("instance")?),
        attempt: from.number("attempt")?,
        epoch: from.optional_epoch("epoch")?,
        received: from.number("received")?,
        window: read_window(from)?,
        credentials: from.optional_text("credentials")?.map(Credentials),
    })
}

fn write_greeting(greeting: &Greeting, to: &mut impl Sink) {
    to.bits("epoch", &greeting.epoch.bits());
    to.number("received", greeting.received);
    write_window(greeting.window, to);
    to.number("pingMs", milliseconds(greeting.ping));
    to.number("silenceMs", milliseconds(greeting.silence));
    to.number("spreadMs", milliseconds(greeting.spread));
    to.number("holdMs", milliseconds(greeting.hold));
    write_expiry(greeting.expires, to);
    to.present(greeting.previous.is_some());
    if let Some(previous) = greeting.previous {
        to.number("previousTaken", previous.taken);
        to.number("previousSent", previous.sent);
    }
}

fn read_greeting(from: &mut impl Source) -> Result<Greeting, WireError> {
    Ok(Greeting {
        epoch: Epoch::new(from.bits("epoch")?).ok_or(WireError::ZeroEpoch)?,
        received: from.number("received")?,
        window: read_window(from)?,
        ping: read_duration("pingMs", from)?,
        silence: read_duration("silenceMs", from)?,
        spread: read_duration("spreadMs", from)?,
        hold: read_duration("holdMs", from)?,
        expires: read_expiry(from)?,
        previous: match from.present("previousTaken")? {
            true => Some(read_previous(from)?),
            false => None,
        },
    })
}

fn read_previous(from: &mut impl Source) -> Result<Previous, WireError> {
    Ok(Previous { taken: from.number("previousTaken")?, sent: from.number("previousSent")? })
}

fn write_window(window: Window, to: &mut impl Sink) {
    to.number("messageBytes", window.message_bytes);
    to.number("windowMessages", window.messages);
    to.number("windowBytes", window.bytes);
}

fn read_window(from: &mut impl Source) -> Result<Window, WireError> {
    Ok(Window {
        message_bytes: from.number("messageBytes")?,
        messages: from.number("windowMessages")?,
        bytes: from.number("windowBytes")?,
    })
}

fn write_ack(ack: Ack, to: &mut impl Sink) {
    to.number("taken", ack.taken);
    to.number("credit", ack.credit.number);
    to.number("creditBytes", ack.credit.bytes);
}

fn read_ack(from: &mut impl Source) -> Result<Ack, WireError> {
    let taken = from.number("taken")?;
    let credit = Credit { number: from.number("credit")?, bytes: from.number("creditBytes")? };
    Ok(Ack { taken, credit })
}

fn write_end(finale: &Finale, to: &mut impl Sink) {
    to.number("taken", finale.taken);
    to.number("code", finale.code.0.into());
    write_reason(&finale.reason, to);
}

fn read_end(from: &mut impl Source) -> Result<Finale, WireError> {
    let taken = from.number("taken")?;
    let code = read_code(from)?;
    match code.0 {
        1000 | 4000..=4999 => Ok(Finale { taken, code, reason: read_reason(from)? }),
        other => Err(WireError::BadCode(other.into())),
    }
}

fn write_bye(bye: &Bye, to: &mut impl Sink) {
    let never = Return { after: Duration::ZERO, spread: Duration::ZERO };
    let when = bye.again.unwrap_or(never);
    to.number("code", bye.code.0.into());
    to.flag("again", bye.again.is_some());
    to.number("afterMs", milliseconds(when.after));
    to.number("spreadMs", milliseconds(when.spread));
    write_reason(&bye.reason, to);
}

fn read_bye(from: &mut impl Source) -> Result<Bye, WireError> {
    let code = read_code(from)?;
    let again = from.flag("again")?;
    let after = read_duration("afterMs", from)?;
    let spread = read_duration("spreadMs", from)?;
    let again = match (again, after.max(spread)) {
        (true, _) => Some(Return { after, spread }),
        (false, Duration::ZERO) => None,
        (false, _) => return Err(WireError::UselessReturn),
    };
    Ok(Bye { code, again, reason: read_reason(from)? })
}

fn write_go_away(away: GoAway, to: &mut impl Sink) {
    to.flag("reachable", away.reachable);
    to.number("withinMs", milliseconds(away.within));
}

fn read_go_away(from: &mut impl Source) -> Result<GoAway, WireError> {
    Ok(GoAway { reachable: from.flag("reachable")?, within: read_duration("withinMs", from)? })
}

fn read_renewed_credentials(from: &mut impl Source) -> Result<Credentials, WireError> {
    match from.text("credentials")? {
        text if text.is_empty() => Err(WireError::EmptyCredentials),
        text => Ok(Credentials(text)),
    }
}

fn write_reason(reason: &str, to: &mut impl Sink) {
    to.text("reason", &reason[..reason.floor_char_boundary(MAX_CLOSE_REASON)]);
}

fn read_reason(from: &mut impl Source) -> Result<String, WireError> {
    let reason = from.text("reason")?;
    match reason.len() {
        0..=MAX_CLOSE_REASON => Ok(reason),
        bytes => Err(WireError::ReasonTooLong { bytes }),
    }
}

fn read_code(from: &mut impl Source) -> Result<CloseCode, WireError> {
    let code = from.number("code")?;
    u16::try_from(code).map(CloseCode).map_err(|_| WireError::BadCode(code))
}

/// What holds for less than a millisecond must not become what holds for ever.
fn write_expiry(expires: Option<Duration>, to: &mut impl Sink) {
    to.number("expiresMs", expires.map_or(0, |after| milliseconds(after).max(1)));
}

fn read_expiry(from: &mut impl Source) -> Result<Option<Duration>, WireError> {
    Ok(Some(read_duration("expiresMs", from)?).filter(|after| !after.is_zero()))
}

fn read_duration(name: &'static str, from: &mut impl Source) -> Result<Duration, WireError> {
    from.number(name).map(Duration::from_millis)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(MAX_NUMBER)
}
