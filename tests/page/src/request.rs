//! What the driver asks of the page.

use serde::{Deserialize, Serialize};

use crate::report::Failure;

/// One thing that the page is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Open a line. The answer is `Result<LineId, Failure>`.
    Open {
        /// Where to.
        url: String,
        /// How.
        options: Box<Options>,
    },
    /// Send a message. The answer is `Result<u64, Failure>`: the message's id.
    Send {
        /// Over which line.
        line: LineId,
        /// What.
        payload: Payload,
    },
    /// Close a line. The answer is `Result<(), Failure>`.
    Close {
        /// Which.
        line: LineId,
        /// With which code.
        code: u16,
        /// And which reason.
        reason: String,
    },
    /// Close a line once all is taken. The answer is `Result<(), Failure>`.
    Finish {
        /// Which.
        line: LineId,
    },
    /// Drop the socket of a line. The answer is `Result<(), Failure>`.
    Drop {
        /// Which.
        line: LineId,
    },
    /// Send many messages, one after the other; `Tally` tells how far that is. The answer is
    /// `Result<(), Failure>`.
    Pour {
        /// Over which line, of [`Codec::Text`].
        line: LineId,
        /// Which, and how fast.
        pour: Pour,
    },
    /// Hand in new credentials. The answer is `Result<(), Failure>`.
    Renew {
        /// On which line.
        line: LineId,
        /// Which.
        credentials: String,
    },
    /// Send large messages as fast as the line takes them; `Tally` tells how far that is. The
    /// answer is `Result<(), Failure>`.
    Upload {
        /// Over which line, of [`Codec::Text`].
        line: LineId,
        /// Which.
        upload: Upload,
    },
    /// Tell what it all adds up to. The answer is `Result<Tally, Failure>`.
    Tally {
        /// On which line.
        line: LineId,
    },
    /// Open and lose lines, one after the other; `Weigh` tells how far that is. The answer is
    /// `Result<(), Failure>`.
    Cycle {
        /// Where to.
        url: String,
        /// How.
        options: Box<Options>,
        /// What happens to them.
        cycle: Cycle,
        /// How often.
        count: u64,
    },
    /// Tell what the page has done, and how much it weighs. The answer is
    /// `Result<Weight, Failure>`.
    Weigh,
    /// Tell all that the SDK knows of a line. The answer is `Result<String, Failure>`: JSON.
    Export {
        /// Which.
        line: LineId,
    },
    /// Panic. There is no answer, neither to this nor to anything that follows.
    Panic {
        /// What the panic says.
        message: String,
    },
    /// Tell what was reported. The answer is `Result<Vec<Entry>, Failure>`.
    Log {
        /// By which line.
        line: LineId,
    },
}

/// A text at which JavaScript throws in the function that finds a message's key, in the one that
/// knows the answer to a probe, and in a callback.
pub const THROWS: &str = "throws";

/// A text at which a callback drops its socket.
pub const LEAVES: &str = "leaves";

/// A text that a callback answers with as many [`QUESTION`]s as [`QUESTIONS`].
pub const ASKS: &str = "asks";

/// A text that a callback answers with so many letters as [`ANSWER_BYTES`].
pub const QUESTION: &str = "a question";

/// How many questions are asked together.
pub const QUESTIONS: usize = 64;

/// The length of the answer to one.
pub const ANSWER_BYTES: usize = 200;

/// A text that a callback answers with so many hops as [`HOPPERS`]: `hop 1`, `hop 2`, …
///
/// With [`LEAVES`] or [`CLOSES`] behind it, the hops are `hop leaves 1` and so on; past the half of
/// [`HOPS`], and while answers are being gathered, the callback then drops or closes its socket.
pub const CROWDS: &str = "crowds";

/// How a crowd is left that is not left by dropping its socket.
pub const CLOSES: &str = "closes";

/// How many hop at once. A callback answers each hop, up to [`HOPS`], with the one that is by so
/// many larger.
pub const HOPPERS: u64 = 200;

/// The last hop that is answered.
pub const HOPS: u64 = 3_000;

/// The place of a line among all that the page has opened.
pub type LineId = usize;

/// How a line is opened; what is not said stays as the SDK has it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Options {
    /// What the messages are.
    pub codec: Codec,
    /// Query parameters, not encoded.
    pub query: Vec<(String, String)>,
    /// Subprotocols, in the order of preference.
    pub subprotocols: Vec<String>,
    /// How long a handshake may take.
    pub connect_timeout_ms: Option<u64>,
    /// The heartbeat.
    pub probe: Option<Probe>,
    /// The largest message, and the largest outbox and inbox with it.
    pub message_bytes: Option<usize>,
    /// The most attempts to connect in a minute.
    pub attempts_per_minute: Option<u16>,
    /// How the line speaks `keepline.v1`; without it, the line is plain.
    pub session: Option<Session>,
    /// How the page reads.
    pub reading: Reading,
    /// Whether it is called with each message, and does not ask for them; it then waits after none.
    pub by_callback: bool,
    /// The most messages that are unread.
    pub inbox_messages: Option<usize>,
    /// What happens when they are more.
    pub overflow: Option<Overflow>,
    /// Whether only the latest is kept of messages that begin with the same word. Who is asked for
    /// the word of [`THROWS`] throws.
    pub latest_by_word: bool,
    /// Whether neither the page nor the machine is watched.
    pub ignores_page: bool,
    /// The name under which the performance panel shows it.
    pub marks: Option<String>,
    /// What a provider answers, one after the other; the last answer is given again and again. The
    /// URL is that of the line. Without it there is no provider.
    pub provider: Vec<Provided>,
    /// Whether failed handshakes are looked into.
    pub diagnosis: bool,
    /// Which HTTP status of a diagnosis ends the line, besides those that do anyway.
    pub ends_for_status: Option<u16>,
}

/// An answer of a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Provided {
    /// The line's URL, with these credentials.
    Credentials(String),
    /// The line's URL, with this query parameter `token`.
    Token(String),
    /// None for now.
    TryAgain(String),
    /// None any more.
    Stop(String),
    /// Something that is no URL.
    Nonsense,
    /// No answer at all.
    Never,
    /// What JavaScript throws.
    Throws,
}

impl Options {
    /// A session as the SDK has it.
    #[must_use]
    pub fn session() -> Self {
        Self { session: Some(Session::default()), ..Self::default() }
    }
}

/// How a line speaks `keepline.v1`; what is not said stays as the SDK has it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Session {
    /// The encoding.
    pub coding: Coding,
    /// Whether what a lost session had under way is sent again.
    pub sends_again: bool,
    /// What the server may have in flight.
    pub window: Option<Window>,
    /// Who the page says it is.
    pub credentials: Option<String>,
}

/// How fast a page reads.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Reading {
    /// It waits for so long after each message.
    pub every_ms: u32,
    /// It works for so long on each message, and counts the frames that are drawn meanwhile: in a
    /// window only.
    pub work_us: u32,
}

/// What happens to a message that finds the inbox full.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Overflow {
    /// The oldest make room.
    DropOldest,
    /// It is dropped.
    DropNewest,
    /// The line is closed with this code.
    Close(u16),
}

/// Large messages, each ending in its number from 1 on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Upload {
    /// How many.
    pub count: u64,
    /// How large each of them is, but for its number.
    pub bytes: usize,
}

/// An encoding of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coding {
    /// `keepline.v1`.
    #[default]
    Binary,
    /// `keepline.v1.json`.
    Json,
}

/// The bounds of one direction of a session.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Window {
    /// The largest message, in bytes.
    pub message_bytes: u64,
    /// The most messages in flight.
    pub messages: u64,
    /// The most bytes in flight.
    pub bytes: u64,
}

/// Many messages: the texts `up 1`, `up 2`, … Sent as the first on a line, each has the number of
/// its id.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Pour {
    /// How many.
    pub count: u64,
    /// So many leave in one turn of the event loop.
    pub batch: u64,
    /// So long after the batch before.
    pub every_ms: u32,
}

/// What happens to a line, over and over.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Cycle {
    /// It is opened, hears its own echo, and is closed.
    OpenAndClose,
    /// It hears a word, and is lost; after 250 losses it makes room for another line, for no line
    /// may try more than 1,000 times a minute.
    Lose,
}

/// What the messages of a line are.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub enum Codec {
    /// Notes, as JSON.
    Json,
    /// Notes, as MessagePack.
    MessagePack,
    /// Notes, as CBOR.
    Cbor,
    /// Notes, as postcard.
    Postcard,
    /// Plain text.
    #[default]
    Text,
    /// Raw bytes.
    Bytes,
}

/// A heartbeat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Probe {
    /// What is asked.
    pub question: String,
    /// What the far end answers.
    pub answer: String,
    /// Whether a function of the page knows the answer, which throws at [`THROWS`].
    pub by_function: bool,
    /// After so long without a message.
    pub idle_ms: u64,
    /// How long the answer may take.
    pub within_ms: u64,
}

/// A message of any codec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payload {
    /// A message of [`Codec::Json`] or another codec for notes.
    Note(Note),
    /// A message of [`Codec::Text`].
    Text(String),
    /// A message of [`Codec::Bytes`].
    Bytes(Vec<u8>),
    /// A message of [`Codec::Bytes`] that is too large to travel through the driver: so many
    /// zeros.
    Zeros(usize),
}

impl From<Note> for Payload {
    fn from(note: Note) -> Self {
        Self::Note(note)
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl TryFrom<Payload> for Note {
    type Error = Failure;

    fn try_from(payload: Payload) -> Result<Self, Failure> {
        match payload {
            Payload::Note(note) => Ok(note),
            Payload::Text(_) | Payload::Bytes(_) | Payload::Zeros(_) => Err(other_codec()),
        }
    }
}

impl TryFrom<Payload> for String {
    type Error = Failure;

    fn try_from(payload: Payload) -> Result<Self, Failure> {
        match payload {
            Payload::Text(text) => Ok(text),
            Payload::Note(_) | Payload::Bytes(_) | Payload::Zeros(_) => Err(other_codec()),
        }
    }
}

impl TryFrom<Payload> for Vec<u8> {
    type Error = Failure;

    fn try_from(payload: Payload) -> Result<Self, Failure> {
        match payload {
            Payload::Bytes(bytes) => Ok(bytes),
            Payload::Zeros(count) => Ok(vec![0; count]),
            Payload::Note(_) | Payload::Text(_) => Err(other_codec()),
        }
    }
}

fn other_codec() -> Failure {
    Failure { kind: "OtherCodec".to_owned(), message: "the line speaks another codec".to_owned() }
}

/// A small typed message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its number.
    pub id: u32,
    /// Its text.
    pub text: String,
}
