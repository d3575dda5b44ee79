//! What holds for every record, and for whatever a stranger may send.

use core::time::Duration;

use keepline_core::wire::{
    Ack, Bye, Coding, Credentials, Credit, Epoch, Finale, GoAway, Greeting, Hello, Instance,
    MAX_NUMBER, Previous, Record, Return, SessionId, Window,
};
use keepline_core::{CloseCode, Payload};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{CODINGS, read, read_binary, write};

fn number() -> impl Strategy<Value = u64> {
    let edges = (0_u32..=53, 0_u64..3).prop_map(|(bits, off)| (1_u64 << bits).wrapping_sub(off));
    prop_oneof![edges.prop_map(|edge| edge.min(MAX_NUMBER)), 0..=MAX_NUMBER]
}

fn duration() -> impl Strategy<Value = Duration> {
    number().prop_map(Duration::from_millis)
}

fn expiry() -> impl Strategy<Value = Option<Duration>> {
    duration().prop_map(|after| Some(after).filter(|it| !it.is_zero()))
}

fn reason() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text[..text.floor_char_boundary(123)].to_owned())
}

fn credentials() -> impl Strategy<Value = Credentials> {
    any::<String>().prop_map(|text| Credentials(format!("{text}!")))
}

fn epoch() -> impl Strategy<Value = Epoch> {
    any::<[u8; 8]>().prop_filter_map("zero", Epoch::new)
}

fn window() -> impl Strategy<Value = Window> {
    (number(), number(), number()).prop_map(|(message_bytes, messages, bytes)| Window {
        message_bytes,
        messages,
        bytes,
    })
}

fn hello() -> impl Strategy<Value = Record> {
    let ids = (any::<[u8; 16]>(), any::<[u8; 8]>());
    let positions = (number(), option::of(epoch()), number());
    (ids, positions, window(), option::of(credentials())).prop_map(
        |((session, instance), (attempt, epoch, received), window, credentials)| {
            let (session, instance) = (SessionId(session), Instance(instance));
            Record::Hello(Hello {
                session,
                instance,
                attempt,
                epoch,
                received,
                window,
                credentials,
            })
        },
    )
}

fn greeting() -> impl Strategy<Value = Record> {
    let times = (duration(), duration(), duration(), duration(), expiry());
    let previous = (number(), number()).prop_map(|(taken, sent)| Previous { taken, sent });
    (epoch(), number(), window(), times, option::of(previous)).prop_map(
        |(epoch, received, window, (ping, silence, spread, hold, expires), previous)| {
            Record::Greeting(Greeting {
                epoch,
                received,
                window,
                ping,
                silence,
                spread,
                hold,
                expires,
                previous,
            })
        },
    )
}

fn ack() -> impl Strategy<Value = Record> {
    (number(), number(), number()).prop_map(|(taken, number, bytes)| {
        Record::Ack(Ack { taken, credit: Credit { number, bytes } })
    })
}

fn message() -> impl Strategy<Value = Record> {
    let payload = prop_oneof![
        any::<String>().prop_map(Payload::Text),
        vec(any::<u8>(), 0..300).prop_map(Payload::Binary),
    ];
    (number(), payload).prop_map(|(number, payload)| Record::Message(number, payload))
}

fn end() -> impl Strategy<Value = Record> {
    let code = prop_oneof![Just(1000), 3000_u16..=4999].prop_map(CloseCode);
    (number(), code, reason())
        .prop_map(|(taken, code, reason)| Record::End(Finale { taken, code, reason }))
}

fn bye() -> impl Strategy<Value = Record> {
    let again = (duration(), duration()).prop_map(|(after, spread)| Return { after, spread });
    (any::<u16>().prop_map(CloseCode), option::of(again), reason())
        .prop_map(|(code, again, reason)| Record::Bye(Bye { code, again, reason }))
}

fn record() -> impl Strategy<Value = Record> {
    let go_away = (any::<bool>(), duration())
        .prop_map(|(reachable, within)| Record::GoAway(GoAway { reachable, within }));
    prop_oneof![
        hello(),
        greeting(),
        ack(),
        message(),
        number().prop_map(Record::Ping),
        number().prop_map(Record::Pong),
        end(),
        bye(),
        go_away,
        credentials().prop_map(Record::Renew),
        expiry().prop_map(Record::Renewed),
    ]
}

/// One change to a frame: cut off, a byte written over, put in or taken out.
#[derive(Clone, Debug)]
enum Damage {
    Cut(Index),
    Change(Index, u8),
    Insert(Index, u8),
    Remove(Index),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            any::<Index>().prop_map(Self::Cut),
            any::<(Index, u8)>().prop_map(|(at, byte)| Self::Change(at, byte)),
            any::<(Index, u8)>().prop_map(|(at, byte)| Self::Insert(at, byte)),
            any::<Index>().prop_map(Self::Remove),
        ]
    }

    fn done_to(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        match *self {
            Self::Insert(at, byte) => bytes.insert(at.index(length + 1), byte),
            Self::Cut(_) | Self::Change(..) | Self::Remove(_) if length == 0 => {}
            Self::Cut(at) => bytes.truncate(at.index(length)),
            Self::Change(at, byte) => bytes[at.index(length)] = byte,
            Self::Remove(at) => drop(bytes.remove(at.index(length))),
        }
    }
}

fn damaged(frame: Payload, damages: &[Damage]) -> Payload {
    let (mut bytes, text) = match frame {
        Payload::Binary(bytes) => (bytes, false),
        Payload::Text(text) => (text.into_bytes(), true),
    };
    damages.iter().for_each(|damage| damage.done_to(&mut bytes));
    match text {
        true => Payload::Text(String::from_utf8_lossy(&bytes).into_owned()),
        false => Payload::Binary(bytes),
    }
}

fn settings() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn records_arrive_as_they_were_sent_in_either_encoding(sent in vec(record(), 1..5)) {
        for coding in CODINGS {
            let came = read(*coding, &write(*coding, &sent));
            prop_assert_eq!(came.as_ref(), Ok(&sent));
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        for coding in CODINGS {
            let _read_or_refused = read(*coding, &Payload::Binary(bytes.clone()));
        }
    }

    #[test]
    fn arbitrary_text_is_read_or_refused(text in any::<String>(), inner in any::<String>()) {
        for text in [text, format!("[{{\"type\":\"{inner}\"}}]"), format!("[{{{inner}}}]")] {
            for coding in CODINGS {
                let _read_or_refused = read(*coding, &Payload::Text(text.clone()));
            }
        }
    }

    #[test]
    fn a_damaged_frame_is_read_or_refused(
        sent in vec(record(), 1..4),
        damages in vec(Damage::any(), 1..4),
    ) {
        for coding in CODINGS {
            let frame = damaged(write(*coding, &sent), &damages);
            if let Ok(came) = read(*coding, &frame) && !came.is_empty() {
                prop_assert_eq!(read(*coding, &write(*coding, &came)), Ok(came));
            }
        }
    }

    #[test]
    fn a_binary_frame_can_be_written_in_one_way_only(
        sent in vec(record(), 1..4),
        damages in vec(Damage::any(), 1..4),
    ) {
        let Payload::Binary(bytes) = damaged(write(Coding::Binary, &sent), &damages) else {
            return Err(TestCaseError::fail("no bytes"));
        };
        if let Ok(came) = read_binary(&bytes) {
            let again = write(Coding::Binary, &came);
            let skipped = again.len() < bytes.len();
            prop_assert!(skipped || again == Payload::Binary(bytes));
        }
    }
}
