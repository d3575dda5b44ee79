//! Who may hold how much of the memory of all, and who makes way for whom.

use alloc::vec::Vec;

use super::session::Session;
use super::{Over, ServerConfig, SessionKey, Sessions};
use crate::Instant;
use crate::mutant::{Mutant, planted};

/// Whoever holds no more than this may fill a limit to the brim.
const SMALL: usize = 16 * 1024;

/// So much of a limit is left to those who hold little, so that a few who hold much stop nobody
/// who does not.
const FOR_THE_SMALL: usize = 8;

/// How far a limit may be filled.
#[derive(Clone, Copy)]
enum Brim {
    Whole,
    /// But for what is left to those who hold little.
    ForTheLarge,
}

impl Brim {
    /// For whoever holds so much.
    const fn of_one_with(held: usize) -> Self {
        match held <= Session::first_cost() + SMALL {
            true => Self::Whole,
            false => Self::ForTheLarge,
        }
    }

    const fn of(self, limit: usize) -> usize {
        match self {
            Self::Whole => limit,
            Self::ForTheLarge => limit - limit / FOR_THE_SMALL,
        }
    }
}

/// By how much the memory is too small.
#[derive(Clone, Copy, Default)]
struct Excess {
    /// Over what one identity may hold, or all who have none.
    of_its_kind: usize,
    /// Over what all may hold.
    of_all: usize,
}

impl Excess {
    const fn is_none(self) -> bool {
        self.of_its_kind == 0 && self.of_all == 0
    }
}

impl Sessions {
    /// Makes room for what the session `key` is to hold more, by giving up those that have been
    /// without a connection for longest, of its own kind first. `false` if all of them are not
    /// enough; then none is.
    pub(super) fn make_room(&mut self, bytes: usize, key: SessionKey, now: Instant) -> bool {
        let brim = self.brim(bytes, key);
        let excess = self.excess(bytes, key, brim);
        if excess.is_none() {
            return true;
        }
        // Asked often while there is no room: whoever waits for it looks again and again.
        let own = self.by_key.get(&key).filter(|it| it.conn().is_none()).map_or(0, |it| it.counted);
        let of_its_kind = self.holdings.of(self.subject(key)).away.saturating_sub(own);
        let of_all = self.holdings.away().saturating_sub(own);
        if excess.of_its_kind > of_its_kind || excess.of_all > of_all {
            return false;
        }
        let (own, others): (Vec<_>, Vec<_>) =
            self.detached_beside(key).partition(|(_, is_of_its_kind)| *is_of_its_kind);
        for (longest, _) in own.into_iter().chain(others) {
            if !self.excess(bytes, key, brim).is_none() {
                self.give_up(longest, Over::Evicted, now);
            }
        }
        true
    }

    /// Those without a connection, the longest first, and whether they belong to the same identity,
    /// or are anonymous as well.
    fn detached_beside(&self, key: SessionKey) -> impl Iterator<Item = (SessionKey, bool)> {
        let subject = self.subject(key);
        let others = self.detached.iter().map(|(_, it)| *it).filter(move |it| *it != key);
        others.map(move |other| (other, self.subject(other) == subject))
    }

    /// Makes room for what the session `key` has received: it was granted, perhaps before others
    /// came to hold so much. If need be, those of its own kind that hold most are given up, with a
    /// connection or without; in place of somebody's by name, anonymous ones that hold more.
    pub(super) fn make_room_for_received(&mut self, key: SessionKey, now: Instant) {
        if self.make_room(0, key, now) || planted(Mutant::GrantedNotBounded) {
            return;
        }
        let brim = self.brim(0, key);
        while let excess = self.excess(0, key, brim)
            && !excess.is_none()
            && let Some(most) = self.who_makes_way(key, excess)
        {
            self.give_up(most, Over::Evicted, now);
        }
    }

    fn brim(&self, bytes: usize, key: SessionKey) -> Brim {
        Brim::of_one_with(bytes + self.by_key.get(&key).map_or(0, |session| session.counted))
    }

    fn who_makes_way(&self, key: SessionKey, excess: Excess) -> Option<SessionKey> {
        let own = self.subject(key);
        let strangers_hold_more = self.holdings.of(None).bytes > self.holdings.of(own).bytes;
        let subject = own.filter(|_| excess.of_its_kind > 0 || !strangers_hold_more);
        let kind = self.by_key.iter().filter(|(_, it)| it.owner.subject.as_deref() == subject);
        kind.max_by_key(|(_, it)| it.counted).map(|(most, _)| *most)
    }

    /// By how much the memory would be too small if this session held so much more.
    fn excess(&self, bytes: usize, key: SessionKey, brim: Brim) -> Excess {
        let Some(session) = self.by_key.get(&key) else { return Excess::default() };
        let subject = session.owner.subject.as_deref();
        let over = |held: usize, limit: usize| (held + bytes).saturating_sub(brim.of(limit));
        let all = match planted(Mutant::TotalNotBounded) {
            true => usize::MAX,
            false => self.config.total_bytes,
        };
        Excess {
            of_its_kind: over(self.holdings.of(subject).bytes, self.config.bytes_of(subject)),
            of_all: over(self.holdings.total(), all),
        }
    }

    /// Whether the memory holds one more session of this identity, or one more anonymous one.
    pub(super) fn has_memory_for(&self, subject: Option<&str>) -> bool {
        let first = Session::first_cost();
        self.holdings.of(subject).bytes + first <= self.config.bytes_of(subject)
            && self.holdings.total() + first <= self.config.total_bytes
    }
}

impl ServerConfig {
    /// Whether so many bytes are enough for one session: as many as its outbox, and its largest
    /// message fits beside what is left to those who hold little.
    #[must_use]
    pub const fn are_enough(&self, bytes: usize) -> bool {
        let largest = Session::cost_of(self.window.message_bytes as usize);
        let message = Session::first_cost().saturating_add(largest);
        bytes >= self.outbox_bytes && message <= Brim::of_one_with(message).of(bytes)
    }

    const fn bytes_of(&self, subject: Option<&str>) -> usize {
        match subject {
            None => self.anonymous_bytes,
            Some(_) => self.bytes_per_subject,
        }
    }
}
