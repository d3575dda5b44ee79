//! The types of records, and how each encoding names them.

/// The type of a record (docs/protocol.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Hello = 0x01,
    Greeting,
    Ack,
    Text,
    Bytes,
    Ping,
    Pong,
    End,
    Bye,
    GoAway,
    Renew,
    Renewed,
}

impl Kind {
    /// In the order of their bytes, which begin with 1.
    const ALL: [Self; 12] = [
        Self::Hello,
        Self::Greeting,
        Self::Ack,
        Self::Text,
        Self::Bytes,
        Self::Ping,
        Self::Pong,
        Self::End,
        Self::Bye,
        Self::GoAway,
        Self::Renew,
        Self::Renewed,
    ];

    pub(super) const fn byte(self) -> u8 {
        self as u8
    }

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte).checked_sub(1)?).copied()
    }
}

#[cfg(feature = "json")]
impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Greeting => "greeting",
            Self::Ack => "ack",
            Self::Text | Self::Bytes => "message",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::End => "end",
            Self::Bye => "bye",
            Self::GoAway => "goAway",
            Self::Renew => "renew",
            Self::Renewed => "renewed",
        }
    }

    /// The first of that name: a `message` is [`Kind::Text`] until its members say otherwise.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
