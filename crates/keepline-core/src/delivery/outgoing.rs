//! The sending half of a session's end: what is held until the far end has taken it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::terms::{Term, Terms};
use super::{Breach, Mark, extend};
use crate::message::Freight;
use crate::mutant::{Mutant, planted};
use crate::wire::{Ack, Credit, Previous, Window};
use crate::{Instant, Key, MessageId, MessageIds, Payload, Queued, SendOptions};

/// Numbers messages, and keeps each until its fate is known.
///
/// Ids belong to the application and rise for ever; numbers belong to an epoch. The first message
/// held has the number after `taken`, and what was put into a frame is always a first part of
/// what is held.
#[derive(Debug)]
pub(crate) struct Outgoing {
    held: VecDeque<Held>,
    bytes: usize,
    next_id: MessageId,
    /// Up to where the far end has taken them.
    taken: Mark,
    /// Up to where the present connection was given them.
    given: Mark,
    /// Up to where any connection of this epoch was given them.
    sent: u64,
    credit: Credit,
    /// The largest message that the far end takes; `None` before it said so.
    largest: Option<u64>,
    terms: Terms,
}

#[derive(Debug)]
struct Held {
    id: MessageId,
    freight: Freight,
    past: Past,
    /// As long as no connection was given it.
    term: Option<Box<Term>>,
}

/// What became of a message in earlier epochs, if it is to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    NeverSent,
    NotTaken,
    /// It may have been taken, and nobody can say any more that it was not.
    InDoubt,
}

impl Past {
    /// It was sent once more, and not taken then.
    const fn sent_in_vain(self) -> Self {
        match self {
            Self::NeverSent | Self::NotTaken => Self::NotTaken,
            Self::InDoubt => Self::InDoubt,
        }
    }
}

/// What became of messages when an epoch ended.
#[derive(Debug, Default)]
pub(crate) struct Fates {
    pub(crate) delivered: Vec<MessageIds>,
    /// Given to a connection, and certainly not taken.
    pub(crate) not_taken: Vec<MessageIds>,
    /// Given to a connection; nobody knows.
    pub(crate) unknown: Vec<MessageIds>,
    /// In no frame yet.
    pub(crate) never_sent: Vec<MessageIds>,
    /// Over the limit of the far end.
    pub(crate) too_large: Vec<MessageIds>,
}

impl Fates {
    /// A message that nothing more will become of.
    fn add(&mut self, held: &Held) {
        let runs = match held.past {
            Past::NeverSent if planted(Mutant::NeverSentToldUnknown) => &mut self.unknown,
            Past::InDoubt if planted(Mutant::LostToldDelivered) => &mut self.delivered,
            Past::InDoubt if planted(Mutant::DoubtForgotten) => &mut self.not_taken,
            Past::NeverSent => &mut self.never_sent,
            Past::NotTaken => &mut self.not_taken,
            Past::InDoubt => &mut self.unknown,
        };
        extend(runs, held.id);
    }
}

impl Outgoing {
    pub(crate) const fn new() -> Self {
        Self {
            held: VecDeque::new(),
            bytes: 0,
            next_id: MessageId::FIRST,
            taken: Mark { number: 0, bytes: 0 },
            given: Mark { number: 0, bytes: 0 },
            sent: 0,
            credit: Credit { number: 0, bytes: 0 },
            largest: None,
            terms: Terms::new(),
        }
    }

    /// Queued and unacknowledged together.
    pub(crate) fn queued(&self) -> Queued {
        Queued { messages: self.held.len(), bytes: self.bytes }
    }

    /// The largest message that the far end takes, if it has said so.
    pub(crate) const fn largest(&self) -> Option<u64> {
        self.largest
    }

    /// Whether everything that was given to any connection has been taken.
    pub(crate) const fn is_settled(&self) -> bool {
        self.sent <= self.taken.number
    }

    /// The last number that a message has.
    pub(crate) fn last(&self) -> u64 {
        self.taken.number + self.held.len() as u64
    }

    /// Numbers a message that goes straight to a socket.
    pub(crate) const fn number(&mut self) -> MessageId {
        let id = self.next_id;
        self.next_id = MessageId(id.0 + 1);
        id
    }

    pub(crate) fn push(&mut self, freight: Freight) -> MessageId {
        let id = self.number();
        self.bytes += freight.len();
        self.held.push_back(Held { id, freight, past: Past::NeverSent, term: None });
        id
    }

    /// Begins an epoch: what is held is numbered anew. What the far end would not take for its
    /// size leaves.
    pub(crate) fn begin(&mut self, window: Window) -> Fates {
        let given = (self.sent - self.taken.number) as usize;
        for place in 0..given {
            let Some(held) = self.held.get_mut(place) else { break };
            held.past = held.past.sent_in_vain();
        }
        (self.taken, self.given, self.sent) = (Mark::default(), Mark::default(), 0);
        self.credit = Credit { number: window.messages, bytes: window.bytes };
        // A message that the window has no room for would wait for ever.
        let largest = window.message_bytes.min(window.bytes);
        self.largest = Some(largest);
        let mut fates = Fates::default();
        for _ in 0..self.held.len() {
            let Some(held) = self.held.pop_front() else { break };
            if held.freight.len() as u64 <= largest {
                self.held.push_back(held);
            } else {
                self.bytes -= held.freight.len();
                let Fates { too_large, unknown, .. } = &mut fates;
                extend(if held.past == Past::InDoubt { unknown } else { too_large }, held.id);
                self.terms.release(held.id, held.term);
            }
        }
        fates
    }

    /// Whether a far end may have received exactly so many.
    pub(crate) const fn could_resume(&self, received: u64) -> bool {
        received <= self.sent
    }

    /// Up to where the far end has taken them.
    pub(crate) const fn taken(&self) -> u64 {
        self.taken.number
    }

    /// Goes on with the present epoch on a new connection, after what the far end has received.
    /// It may have acknowledged more by an older connection since it said so.
    pub(crate) fn resume(&mut self, received: u64) -> Result<(), Breach> {
        if !self.could_resume(received) {
            return Err(Breach::Position);
        }
        self.given = self.taken;
        let passed = match received.saturating_sub(self.taken.number) as usize {
            passed if planted(Mutant::ResumesTooLate) => passed + 1,
            passed if planted(Mutant::ResumesTooEarly) => passed.saturating_sub(1),
            passed => passed,
        };
        for place in 0..passed {
            let Some(held) = self.held.get(place) else { break };
            self.given = self.given.after(held.freight.len());
        }
        Ok(())
    }

    /// Whether there is a message that may go out now. While the line drains, only what was given
    /// to a connection before may.
    pub(crate) fn has_next(&self, draining: bool) -> bool {
        self.peek(draining).is_some()
    }

    /// The next message to give to the present connection.
    pub(crate) fn next(&mut self, draining: bool) -> Option<(u64, &Payload)> {
        self.given = self.peek(draining)?;
        let number = self.given.number;
        let held = self.held.get_mut((number - self.taken.number - 1) as usize)?;
        if number > self.sent {
            self.sent = number;
            self.terms.release(held.id, held.term.take());
        }
        match &held.freight {
            Freight::Here(payload) => Some((number, payload)),
            // A session takes none.
            Freight::Held(_) => None,
        }
    }

    fn peek(&self, draining: bool) -> Option<Mark> {
        let held = self.held.get((self.given.number - self.taken.number) as usize)?;
        let next = self.given.after(held.freight.len());
        let draining = draining && !planted(Mutant::DrainSendsNew);
        let may = next.is_within(self.limit()) && !(draining && next.number > self.sent);
        may.then_some(next)
    }

    fn limit(&self) -> Credit {
        let Credit { number, bytes } = self.credit;
        let bytes = if planted(Mutant::ByteCreditIgnored) { u64::MAX } else { bytes };
        Credit { number: number + u64::from(planted(Mutant::WindowOffByOne)), bytes }
    }

    /// Takes in how far the far end is; returns what is delivered by that. Levels never go back.
    pub(crate) fn acknowledged(&mut self, ack: Ack) -> Result<Vec<MessageIds>, Breach> {
        self.credit.number = self.credit.number.max(ack.credit.number);
        self.credit.bytes = self.credit.bytes.max(ack.credit.bytes);
        self.taken_up_to(ack.taken)
    }

    /// Lets go of what the far end has taken.
    pub(crate) fn taken_up_to(&mut self, number: u64) -> Result<Vec<MessageIds>, Breach> {
        if number > self.sent {
            return Err(Breach::NeverSent);
        }
        let mut ids = Vec::new();
        while self.taken.number < number {
            let Some(held) = self.let_go() else { break };
            self.taken = self.taken.after(held.freight.len());
            extend(&mut ids, held.id);
        }
        if self.given.number < self.taken.number {
            self.given = self.taken;
        }
        Ok(ids)
    }

    /// Ends the epoch: what was given to a connection has a fate now, and leaves unless it is to
    /// be sent `again`. What was in no frame stays.
    pub(crate) fn lose(&mut self, previous: Option<Previous>, again: bool) -> Fates {
        let mut fates = Fates::default();
        if let Some(previous) = previous {
            // A `taken` that cannot be proves nothing beyond what was sent.
            let taken = previous.taken.min(self.sent);
            fates.delivered = self.taken_up_to(taken).unwrap_or_default();
        }
        let given = (self.sent - self.taken.number) as usize;
        for place in 0..given {
            let Some(held) = self.held.get_mut(place) else { break };
            held.past = match previous {
                None => Past::InDoubt,
                Some(_) => held.past.sent_in_vain(),
            };
        }
        if !again {
            (0..given).map_while(|_| self.let_go()).for_each(|held| fates.add(&held));
        }
        (self.taken, self.given, self.sent) = (Mark::default(), Mark::default(), 0);
        fates
    }

    /// Ends everything: nothing is held any more.
    pub(crate) fn end(&mut self, previous: Option<Previous>) -> Fates {
        let mut fates = self.lose(previous, false);
        while let Some(held) = self.let_go() {
            fates.add(&held);
        }
        self.terms = Terms::new();
        fates
    }

    /// The size of this message, if no connection was ever given it.
    pub(crate) fn waiting_size(&self, id: MessageId) -> Option<usize> {
        Some(self.held.get(self.place_of_waiting(id)?)?.freight.len())
    }

    /// Takes out a message that no connection was ever given: it has no number yet, so it leaves
    /// no gap.
    pub(crate) fn withdraw(&mut self, id: MessageId) -> bool {
        let Some(held) = self.place_of_waiting(id).and_then(|place| self.take_out(place)) else {
            return false;
        };
        self.terms.release(held.id, held.term);
        if !planted(Mutant::WithdrawnStillCounted) {
            self.bytes -= held.freight.len();
        }
        true
    }

    /// What lies on the shorter side moves up one by one: to move a stretch of a ring at once,
    /// which may lie in two pieces, is much code in a page.
    fn take_out(&mut self, place: usize) -> Option<Held> {
        if place < self.held.len() / 2 {
            (0..place).rev().for_each(|next| self.held.swap(next, next + 1));
            return self.held.pop_front();
        }
        (place + 1..self.held.len()).for_each(|next| self.held.swap(next - 1, next));
        self.held.pop_back()
    }

    fn place_of_waiting(&self, id: MessageId) -> Option<usize> {
        let place = self.held.binary_search_by_key(&id, |held| held.id).ok()?;
        (place >= self.ever_given() || planted(Mutant::SentTakenBack)).then_some(place)
    }

    /// How many of those held a connection was given, in this epoch or in one before.
    fn ever_given(&self) -> usize {
        let before = self.held.partition_point(|held| held.past != Past::NeverSent);
        before.max((self.sent - self.taken.number) as usize)
    }

    /// Hands over the message that waits longest, and forgets it.
    pub(crate) fn pop(&mut self) -> Option<(MessageId, Freight)> {
        let Held { id, freight, term, .. } = self.let_go()?;
        self.terms.release(id, term);
        Some((id, freight))
    }

    fn let_go(&mut self) -> Option<Held> {
        let held = self.held.pop_front()?;
        self.bytes -= held.freight.len();
        Some(held)
    }
}

/// The terms of what no connection was ever given.
impl Outgoing {
    /// The message that was pushed last waits on these terms.
    pub(crate) fn agree(&mut self, options: SendOptions, now: Instant) {
        if let (Some(held), Some(term)) = (self.held.back_mut(), Term::of(options, now)) {
            self.terms.agree(held.id, &term);
            held.term = Some(term);
        }
    }

    /// The message that waits under this key.
    pub(crate) fn waiting_under(&self, key: &Key) -> Option<MessageId> {
        self.terms.latest(key)
    }

    /// What the keys of those that wait take of the outbox.
    pub(crate) const fn key_bytes(&self) -> usize {
        self.terms.key_bytes()
    }

    /// When to look for expired messages: [`Instant::NEVER`] if there is nothing that expires.
    pub(crate) const fn soonest_expiry(&self) -> Instant {
        self.terms.soonest
    }

    /// The messages that may make room, the oldest first, with their sizes.
    pub(crate) fn droppable(&self) -> impl Iterator<Item = (MessageId, usize)> {
        let any = planted(Mutant::AnythingDropped);
        let droppable = self.on_terms().filter(move |(_, term)| any || term.may_be_dropped);
        droppable.map(|(held, _)| (held.id, held.freight.len()))
    }

    /// The messages that have expired by now.
    pub(crate) fn expired(&mut self, now: Instant) -> Vec<MessageId> {
        let early = planted(Mutant::ExpiresEarly);
        let (mut due, mut soonest) = (Vec::new(), Instant::NEVER);
        for (held, term) in self.on_terms() {
            match term.expires_at {
                Instant::NEVER => {}
                at if early || at <= now => due.push(held.id),
                at => soonest = soonest.min(at),
            }
        }
        self.terms.soonest = soonest;
        due
    }

    fn on_terms(&self) -> impl Iterator<Item = (&Held, &Term)> {
        let waiting = (self.ever_given()..).map_while(|place| self.held.get(place));
        waiting.filter_map(|held| Some((held, held.term.as_deref()?)))
    }
}
