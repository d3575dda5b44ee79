//! The tables of docs/protocol.md §4, once for both encodings: which fields a record has.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::error::WireError;
use super::kind::Kind;
use super::{
    Ack, Bye, Credentials, Credit, Epoch, Finale, GoAway, Greeting, Hello, Instance, Previous,
    Record, Return, SessionId, VERSION, Window,
};
use crate::{CloseCode, MAX_CLOSE_REASON, Payload, Span};

/// Whether what only a server reads or writes is built in. To a client all of that is out of place,
/// whatever it holds.
pub(super) const SERVES: bool = cfg!(feature = "server");

/// What records are written to. Binary goes by the order of the fields, JSON by their names.
pub(super) trait Sink {
    /// Begins a record of this kind, to be ended by [`end`](Self::end) with what is returned.
    fn begin(&mut self, kind: Kind) -> usize;
    fn end(&mut self, begun: usize);
    fn message(&mut self, number: u64, payload: &Payload);
    /// A number above [`MAX_NUMBER`](super::MAX_NUMBER) becomes that.
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

/// What the fields of one record are read from, in the order of the tables. A record is read to its
/// end whatever it is: the first thing that is wrong is kept, and what follows reads as nothing.
pub(super) trait Source {
    fn number(&mut self, name: &'static str) -> u64;
    fn flag(&mut self, name: &'static str) -> bool;
    /// Fills all of `to`.
    fn bits(&mut self, name: &'static str, to: &mut [u8]);
    fn optional_epoch(&mut self, name: &'static str) -> Option<Epoch>;
    /// Whether the optional fields that begin with `name` are there.
    fn present(&mut self, name: &'static str) -> bool;
    fn text(&mut self, name: &'static str) -> String;
    fn optional_text(&mut self, name: &'static str) -> Option<String>;
    fn bytes(&mut self, name: &'static str) -> Vec<u8>;
    /// Takes no notice of what is left.
    fn skip(&mut self);
    /// This is wrong, unless something was before.
    fn refuse(&mut self, error: WireError);

    fn refuse_if(&mut self, wrong: bool, error: WireError) {
        if wrong {
            self.refuse(error);
        }
    }

    fn duration(&mut self, name: &'static str) -> Duration {
        Duration::from_millis(self.number(name))
    }
}

pub(super) fn write(record: &Record, to: &mut impl Sink) {
    let kind = match record {
        Record::Message(number, payload) => return to.message(*number, payload),
        Record::Hello(_) => Kind::Hello,
        Record::Greeting(_) => Kind::Greeting,
        Record::Ack(_) => Kind::Ack,
        Record::Ping(_) => Kind::Ping,
        Record::Pong(_) => Kind::Pong,
        Record::End(_) => Kind::End,
        Record::Bye(_) => Kind::Bye,
        Record::GoAway(_) => Kind::GoAway,
        Record::Renew(_) => Kind::Renew,
        Record::Renewed(_) => Kind::Renewed,
    };
    let begun = to.begin(kind);
    write_fields(record, to);
    to.end(begun);
}

fn write_fields(record: &Record, to: &mut impl Sink) {
    match record {
        Record::Hello(hello) => write_hello(hello, to),
        Record::Greeting(greeting) if SERVES => write_greeting(greeting, to),
        Record::Ack(ack) => write_ack(*ack, to),
        Record::Ping(token) | Record::Pong(token) => to.number("token", *token),
        Record::End(finale) => write_end(finale, to),
        Record::Bye(bye) if SERVES => write_bye(bye, to),
        Record::GoAway(away) if SERVES => write_go_away(*away, to),
        Record::Renew(Credentials(renewed)) => to.text("credentials", renewed),
        Record::Renewed(expires) if SERVES => write_expiry(*expires, to),
        Record::Greeting(_) | Record::Bye(_) | Record::GoAway(_) | Record::Renewed(_) => {}
        Record::Message(number, payload) => to.message(*number, payload),
    }
}

/// Reads what a record of this kind has, and leaves what it has not.
pub(super) fn read(kind: Kind, from: &mut impl Source) -> Record {
    match kind {
        Kind::Hello if SERVES => Record::Hello(read_hello(from)),
        Kind::Greeting => Record::Greeting(read_greeting(from)),
        Kind::Ack => Record::Ack(read_ack(from)),
        Kind::Text => Record::Message(from.number("number"), Payload::Text(from.text("text"))),
        Kind::Bytes => Record::Message(from.number("number"), Payload::Binary(from.bytes("bytes"))),
        Kind::Ping => Record::Ping(from.number("token")),
        Kind::Pong => Record::Pong(from.number("token")),
        Kind::End => Record::End(read_end(from)),
        Kind::Bye => Record::Bye(read_bye(from)),
        Kind::GoAway => Record::GoAway(read_go_away(from)),
        Kind::Renew if SERVES => Record::Renew(read_renewed_credentials(from)),
        Kind::Hello | Kind::Renew => pass_over(from),
        Kind::Renewed => Record::Renewed(read_expiry(from)),
    }
}

/// What is out of place here, as one such record.
fn pass_over(from: &mut impl Source) -> Record {
    from.skip();
    Record::Renew(Credentials(String::new()))
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

fn read_hello(from: &mut impl Source) -> Hello {
    let version = from.number("version");
    from.refuse_if(version != VERSION, WireError::Version(version));
    Hello {
        session: SessionId(read_bits("session", from)),
        instance: Instance(read_bits("instance", from)),
        attempt: from.number("attempt"),
        epoch: from.optional_epoch("epoch"),
        received: from.number("received"),
        window: read_window(from),
        credentials: from.optional_text("credentials").map(Credentials),
    }
}

fn read_bits<const N: usize>(name: &'static str, from: &mut impl Source) -> [u8; N] {
    let mut bits = [0; N];
    from.bits(name, &mut bits);
    bits
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

fn read_greeting(from: &mut impl Source) -> Greeting {
    let epoch = Epoch::new(read_bits("epoch", from));
    from.refuse_if(epoch.is_none(), WireError::ZeroEpoch);
    Greeting {
        epoch: epoch.unwrap_or(Epoch::REFUSED),
        received: from.number("received"),
        window: read_window(from),
        ping: from.duration("pingMs"),
        silence: from.duration("silenceMs"),
        spread: from.duration("spreadMs"),
        hold: from.duration("holdMs"),
        expires: read_expiry(from),
        previous: match from.present("previousTaken") {
            true => Some(read_previous(from)),
            false => None,
        },
    }
}

fn read_previous(from: &mut impl Source) -> Previous {
    Previous { taken: from.number("previousTaken"), sent: from.number("previousSent") }
}

fn write_window(window: Window, to: &mut impl Sink) {
    to.number("messageBytes", window.message_bytes);
    to.number("windowMessages", window.messages);
    to.number("windowBytes", window.bytes);
}

fn read_window(from: &mut impl Source) -> Window {
    Window {
        message_bytes: from.number("messageBytes"),
        messages: from.number("windowMessages"),
        bytes: from.number("windowBytes"),
    }
}

fn write_ack(ack: Ack, to: &mut impl Sink) {
    to.number("taken", ack.taken);
    to.number("credit", ack.credit.number);
    to.number("creditBytes", ack.credit.bytes);
}

fn read_ack(from: &mut impl Source) -> Ack {
    let taken = from.number("taken");
    let credit = Credit { number: from.number("credit"), bytes: from.number("creditBytes") };
    Ack { taken, credit }
}

fn write_end(finale: &Finale, to: &mut impl Sink) {
    to.number("taken", finale.taken);
    to.number("code", finale.code.0.into());
    write_reason(&finale.reason, to);
}

fn read_end(from: &mut impl Source) -> Finale {
    let taken = from.number("taken");
    let code = read_code(from);
    from.refuse_if(!code.is_sendable(), WireError::BadCode(code.0.into()));
    Finale { taken, code, reason: read_reason(from) }
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

fn read_bye(from: &mut impl Source) -> Bye {
    let code = read_code(from);
    let again = from.flag("again");
    let when = Return { after: from.duration("afterMs"), spread: from.duration("spreadMs") };
    let is_useless = !again && when.after.max(when.spread) > Duration::ZERO;
    from.refuse_if(is_useless, WireError::UselessReturn);
    Bye { code, again: again.then_some(when), reason: read_reason(from) }
}

fn write_go_away(away: GoAway, to: &mut impl Sink) {
    to.flag("reachable", away.reachable);
    to.number("withinMs", milliseconds(away.within));
}

fn read_go_away(from: &mut impl Source) -> GoAway {
    GoAway { reachable: from.flag("reachable"), within: from.duration("withinMs") }
}

fn read_renewed_credentials(from: &mut impl Source) -> Credentials {
    let text = from.text("credentials");
    from.refuse_if(text.is_empty(), WireError::EmptyCredentials);
    Credentials(text)
}

fn write_reason(reason: &str, to: &mut impl Sink) {
    let end = reason.floor_char_boundary(MAX_CLOSE_REASON);
    to.text("reason", reason.get(..end).unwrap_or(reason));
}

fn read_reason(from: &mut impl Source) -> String {
    let reason = from.text("reason");
    let bytes = reason.len();
    from.refuse_if(bytes > MAX_CLOSE_REASON, WireError::ReasonTooLong { bytes });
    reason
}

fn read_code(from: &mut impl Source) -> CloseCode {
    let code = from.number("code");
    from.refuse_if(code > u16::MAX.into(), WireError::BadCode(code));
    CloseCode(code as u16)
}

/// What holds for less than a millisecond must not become what holds for ever.
fn write_expiry(expires: Option<Duration>, to: &mut impl Sink) {
    to.number("expiresMs", expires.map_or(0, |after| milliseconds(after).max(1)));
}

fn read_expiry(from: &mut impl Source) -> Option<Duration> {
    Some(from.duration("expiresMs")).filter(|after| !after.is_zero())
}

fn milliseconds(duration: Duration) -> u64 {
    Span::from(duration).as_micros() / 1_000
}
