//! How a plain line proves that it is alive: a probe that the far end answers.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use core::{fmt, mem};

use crate::Payload;

/// A message that the far end answers, sent when the line has been quiet for a while.
///
/// Any message from the far end is a sign of life and puts the next probe off; a line on which
/// nothing at all arrives in time after a probe is given up as [`Down::Silent`](crate::Down).
/// The answer itself is kept from the application and measured as a round trip; so the far end
/// must answer every probe, and nobody else must be able to have it send the same words.
///
/// There is no default probe: an unknown text breaks many an existing server, and silence on a
/// quiet line proves nothing. Without a probe a half-open line is noticed only when the browser
/// notices it, which may take many minutes.
#[derive(Clone, Debug)]
pub struct Probe {
    pub(crate) message: Payload,
    pub(crate) answer: Answer,
    pub(crate) idle: Duration,
    pub(crate) within: Duration,
    pub(crate) hidden_idle: Option<Duration>,
}

impl Probe {
    /// Sends `message`, expects `answer`.
    #[must_use]
    pub const fn new(message: Payload, answer: Answer) -> Self {
        Self {
            message,
            answer,
            idle: Duration::from_secs(10),
            within: Duration::from_secs(5),
            hidden_idle: None,
        }
    }

    /// A text that the far end answers with exactly the text `answer`.
    pub fn text(message: impl Into<String>, answer: impl Into<String>) -> Self {
        Self::new(Payload::Text(message.into()), Answer::Exactly(Payload::Text(answer.into())))
    }

    /// Bytes that the far end answers with exactly the bytes `answer`.
    pub fn binary(message: impl Into<Vec<u8>>, answer: impl Into<Vec<u8>>) -> Self {
        Self::new(Payload::Binary(message.into()), Answer::Exactly(Payload::Binary(answer.into())))
    }

    /// Probes after this long without a message. Default: 10 s. Not zero.
    #[must_use]
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Probes a hidden page's line only after this long without a message. Default: as a visible
    /// one's. Not below [`idle`](Self::idle). The line is probed at once when the page is shown.
    #[must_use]
    pub const fn hidden_idle(mut self, idle: Duration) -> Self {
        self.hidden_idle = Some(idle);
        self
    }

    /// Gives the line up when nothing arrives for this long after a probe. Default: 5 s. Not
    /// zero. Must leave time for the largest message that the far end sends, since a browser
    /// shows whole messages and not their bytes.
    #[must_use]
    pub const fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }
}

impl Probe {
    /// Whether `payload` reads as the answer. A driver asks this of every message, before it
    /// hands the message to the core as [`Input::Answered`](crate::Input) or
    /// [`Input::Received`](crate::Input).
    #[must_use]
    pub fn is_answered_by(&self, payload: &Payload) -> bool {
        match &self.answer {
            Answer::Exactly(answer) => answer == payload,
            Answer::Matching(matches) => matches(payload),
        }
    }

    /// Takes out how the answer is told, for a driver that asks the application in its own way, and
    /// no longer than the line lasts. Of what is left nothing reads as the answer.
    #[must_use]
    pub fn take_answer(&mut self) -> Answer {
        mem::replace(&mut self.answer, Answer::Matching(Rc::new(|_| false)))
    }
}

/// How the answer to a probe is told from the application's messages.
#[derive(Clone)]
pub enum Answer {
    /// It is exactly this.
    Exactly(Payload),
    /// It is whatever this function says yes to; the function must be quick, for it sees every
    /// message. In a browser, what JavaScript throws in it is reported, and the message is no
    /// answer.
    Matching(Rc<dyn Fn(&Payload) -> bool>),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(answer) => f.debug_tuple("Exactly").field(answer).finish(),
            Self::Matching(_) => f.write_str("Matching(..)"),
        }
    }
}
