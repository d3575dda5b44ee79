//! One end of a session, the same for client and server: the one place that numbers and counts.

mod incoming;
mod link;
mod outgoing;
mod terms;

use alloc::vec::Vec;
use core::fmt;

pub(crate) use self::incoming::{Arrived, Incoming};
pub(crate) use self::link::Link;
pub(crate) use self::outgoing::{Fates, Outgoing};
use crate::time::Span;
use crate::wire::{Ack, Coding, Credit, FrameWriter, Window};
use crate::{CloseCode, MessageId, MessageIds, Payload};

/// How the far end has broken the rules of delivery (docs/protocol.md §5, §6 and §10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A record that is not allowed here.
    OutOfPlace,
    /// A message over the limit that was announced to it.
    TooLarge,
    /// A message out of number.
    Number,
    /// An acknowledgement of what was never sent.
    NeverSent,
    /// A message beyond the credit.
    Credit,
    /// A position that cannot be.
    Position,
    /// A level that went back.
    WentBack,
}

impl Breach {
    /// The code that a connection is closed with for it.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        CloseCode(match self {
            Self::OutOfPlace => 4453,
            Self::TooLarge => 4454,
            Self::Number => 4501,
            Self::NeverSent => 4502,
            Self::Credit => 4503,
            Self::Position => 4504,
            Self::WentBack => 4505,
        })
    }
}

impl Breach {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::OutOfPlace => "a record that is not allowed here",
            Self::TooLarge => "a message over the limit",
            Self::Number => "a message out of number",
            Self::NeverSent => "an acknowledgement of what was never sent",
            Self::Credit => "a message beyond the credit",
            Self::Position => "a position that cannot be",
            Self::WentBack => "a level that went back",
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl core::error::Error for Breach {}

/// A number, and the sum of all sizes up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    number: u64,
    bytes: u64,
}

impl Mark {
    const fn after(self, size: usize) -> Self {
        Self { number: self.number + 1, bytes: self.bytes + size as u64 }
    }

    const fn is_within(self, credit: Credit) -> bool {
        self.number <= credit.number && self.bytes <= credit.bytes
    }
}

/// Both directions of one end of a session, in one epoch after another.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) outgoing: Outgoing,
    pub(crate) incoming: Incoming,
}

impl Delivery {
    pub(crate) const fn new(window: Window) -> Self {
        Self { outgoing: Outgoing::new(), incoming: Incoming::new(window) }
    }

    /// Begins an epoch with a far end of this window; returns what it would not take for its size.
    pub(crate) fn begin(&mut self, far: Window) -> Fates {
        self.incoming = Incoming::new(self.incoming.window());
        self.outgoing.begin(far)
    }

    /// Forgets what came and was not taken: nothing more will be.
    pub(crate) fn forget_arrivals(&mut self) {
        self.incoming = Incoming::new(self.incoming.window());
    }

    /// A link for a connection of an epoch that has just begun.
    pub(crate) fn first_link(&self, coding: Coding) -> Link {
        Link::new(coding, 0, Some(self.incoming.first_ack()))
    }

    /// A link for another connection of the present epoch, on which `received` was announced.
    pub(crate) const fn next_link(coding: Coding, received: u64) -> Link {
        Link::new(coding, received, None)
    }

    /// Takes in a message that came by `link`.
    pub(crate) fn message(
        &mut self,
        link: &mut Link,
        number: u64,
        size: usize,
    ) -> Result<Arrived, Breach> {
        link.expect(number, self.incoming.received())?;
        self.incoming.message(number, size)
    }

    /// Takes in an acknowledgement that came by `link`; returns what is delivered by it.
    pub(crate) fn ack(&mut self, link: &mut Link, ack: Ack) -> Result<Vec<MessageIds>, Breach> {
        link.hear(ack)?;
        self.outgoing.acknowledged(ack)
    }

    /// Whether the far end has not been told yet how far this end is.
    pub(crate) fn owes_ack(&self, link: &Link) -> bool {
        link.told() != Some(self.incoming.ack())
    }

    /// Whether it should be told at once.
    pub(crate) fn owes_ack_now(&self, link: &Link) -> bool {
        link.told().is_none_or(|told| self.incoming.is_urgent(told))
    }

    /// Whether there is anything that should leave by `link` now.
    pub(crate) fn has_frame(&self, link: &Link, draining: bool) -> bool {
        let has_message = !link.withholds() && self.outgoing.has_next(draining);
        link.has_controls() || has_message || self.owes_ack_now(link)
    }

    /// The next frame for `link`, with all that is owed and as many messages as fit; `None` when
    /// there is nothing to say.
    pub(crate) fn frame(&mut self, link: &mut Link, draining: bool) -> Option<Payload> {
        let mut frame = FrameWriter::new(link.coding());
        link.write_controls(&mut frame);
        let ack = self.incoming.ack();
        if link.told() != Some(ack) {
            link.tell(ack, &mut frame);
        }
        while !frame.is_full() && !link.withholds() {
            let Some((number, payload)) = self.outgoing.next(draining) else { break };
            frame.message(number, payload);
        }
        (!frame.is_empty()).then(|| frame.finish())
    }
}

/// The slowest network that the largest message is allowed for, in bytes a second.
const FLOOR_RATE: u64 = 64 * 1024;

/// How long a receiver of this window bears silence: while the largest message comes, no frame
/// does (docs/protocol.md §8).
pub(crate) fn patience(silence: Span, ping: Span, window: Window) -> Span {
    let largest = Span::secs(window.message_bytes.div_ceil(FLOOR_RATE));
    silence.max(ping + largest + Span::secs(1))
}

/// Adds an id to runs of ids, which rise.
pub(crate) fn extend(runs: &mut Vec<MessageIds>, id: MessageId) {
    match runs.last_mut() {
        Some(run) if run.last.0 + 1 == id.0 => run.last = id,
        Some(_) | None => runs.push(MessageIds { first: id, last: id }),
    }
}
