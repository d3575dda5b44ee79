//! The bounded queue of messages that the application has not read yet.

mod places;

use alloc::collections::VecDeque;

use self::places::Places;
use crate::config::Limits;
use crate::{CloseCode, Key, Payload, Queued};

/// What a reader finds next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A message.
    Message(Payload),
    /// A gap: this many messages were dropped right here, because the inbox was full.
    Dropped {
        /// How many.
        count: u64,
    },
    /// A message over the limit was refused right here.
    TooLarge {
        /// Its size in bytes; of a text that was not even copied, its length in UTF-16 units.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// What happens when a message finds the inbox of a plain line full. Nothing disappears without a
/// trace: the reader is told of each gap at its place.
///
/// In a session the inbox never overflows: the far end is granted credit for what fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest messages make room.
    #[default]
    DropOldest,
    /// The message itself is dropped.
    DropNewest,
    /// It is dropped, and the line is closed with this code, as by
    /// [`Client::close`](crate::Client::close). What is unread can still be read. 4408 is usual
    /// for who is too slow.
    Close(CloseCode),
}

/// A queue between a socket that cannot be slowed down and an application that may be slow.
#[derive(Debug)]
pub struct Inbox {
    queue: VecDeque<Arrival>,
    bytes: usize,
    /// How many are missing before the front of the queue.
    gap: u64,
    limits: Limits,
    overflow: Overflow,
    places: Places,
    dropped: u64,
    replaced: u64,
}

impl Inbox {
    /// An empty inbox with the bounds that `limits` names.
    #[must_use]
    pub fn new(limits: Limits, overflow: Overflow) -> Self {
        Self {
            queue: VecDeque::new(),
            bytes: 0,
            gap: 0,
            limits,
            overflow,
            places: Places::default(),
            dropped: 0,
            replaced: 0,
        }
    }

    /// Takes in a message from the socket; one over the limit is refused. An unread message under
    /// the same key gives it its place: it stands where that one stood, which is so soon as not to
    /// starve however often it is renewed, and is counted in [`Inbox::replaced`].
    ///
    /// Returns the code that the line is to be closed with, if [`Overflow::Close`] says so.
    #[must_use = "the line may have to be closed"]
    pub fn push(&mut self, payload: Payload, key: Option<Key>) -> Option<CloseCode> {
        let size = payload.len();
        if size > self.limits.message_bytes {
            return self.refuse(size);
        }
        self.enqueue(Arrival::Message(payload), size, key)
    }

    /// Takes note of a message over the limit. Returns as [`Inbox::push`] does.
    #[must_use = "the line may have to be closed"]
    pub fn refuse(&mut self, size: usize) -> Option<CloseCode> {
        self.enqueue(Arrival::TooLarge { size, limit: self.limits.message_bytes }, 0, None)
    }

    /// Forgets everything, for there is no reader any more.
    pub fn clear(&mut self) {
        self.queue.clear();
        (self.bytes, self.gap, self.places) = (0, 0, Places::default());
    }

    /// The next thing to tell the application, if there is one.
    pub fn pop(&mut self) -> Option<Arrival> {
        match core::mem::take(&mut self.gap) {
            0 => self.dequeue(),
            count => Some(Arrival::Dropped { count }),
        }
    }

    /// How much is unread. Each gap counts as a message.
    #[must_use]
    pub fn unread(&self) -> Queued {
        Queued { messages: self.queue.len(), bytes: self.bytes }
    }

    /// How many messages were dropped since the beginning.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many messages gave their place to a newer one under their key.
    #[must_use]
    pub const fn replaced(&self) -> u64 {
        self.replaced
    }

    fn enqueue(&mut self, arrival: Arrival, size: usize, key: Option<Key>) -> Option<CloseCode> {
        loop {
            let place = key.as_ref().and_then(|key| self.places.find(key));
            if self.has_room_for(size, place) {
                self.put(arrival, size, key, place);
                return None;
            }
            match self.overflow {
                Overflow::DropOldest => self.drop_oldest(),
                Overflow::DropNewest => {
                    self.drop_newest();
                    return None;
                }
                Overflow::Close(code) => {
                    self.drop_newest();
                    return Some(code);
                }
            }
        }
    }

    /// Whether there is room for so many bytes, in place of what stands there if a place is given.
    /// An empty inbox has room for any message.
    fn has_room_for(&self, size: usize, place: Option<usize>) -> bool {
        let freed = place.map_or(0, |place| self.size_at(place));
        let is_full = place.is_none() && self.queue.len() >= self.limits.inbox_messages;
        let fits = size <= self.limits.inbox_bytes.saturating_sub(self.bytes - freed);
        self.queue.is_empty() || (!is_full && fits)
    }

    fn size_at(&self, place: usize) -> usize {
        match self.queue.get(place) {
            Some(Arrival::Message(payload)) => payload.len(),
            Some(Arrival::Dropped { .. } | Arrival::TooLarge { .. }) | None => 0,
        }
    }

    fn put(&mut self, arrival: Arrival, size: usize, key: Option<Key>, place: Option<usize>) {
        self.bytes += size;
        if let Some(place) = place {
            self.bytes -= self.size_at(place);
            self.replaced += 1;
            self.queue[place] = arrival;
            return;
        }
        if let Some(key) = key {
            self.places.add(key, self.queue.len());
        }
        self.queue.push_back(arrival);
    }

    fn drop_oldest(&mut self) {
        self.gap += 1;
        self.dropped += 1;
        self.dequeue();
    }

    fn drop_newest(&mut self) {
        self.dropped += 1;
        match self.queue.back_mut() {
            Some(Arrival::Dropped { count }) => *count += 1,
            Some(Arrival::Message(_) | Arrival::TooLarge { .. }) | None => {
                self.queue.push_back(Arrival::Dropped { count: 1 });
            }
        }
    }

    fn dequeue(&mut self) -> Option<Arrival> {
        let arrival = self.queue.pop_front()?;
        self.places.leave();
        if let Arrival::Message(payload) = &arrival {
            self.bytes -= payload.len();
        }
        Some(arrival)
    }
}
