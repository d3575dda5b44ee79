//! What becomes of messages that wait: they may be replaced, dropped, expire, or be cancelled.

use alloc::vec::Vec;

use super::Client;
use super::greeting::Fate;
use crate::delivery::extend;
use crate::message::Freight;
use crate::mutant::{Mutant, planted};
use crate::timers::Timer;
use crate::{Instant, Key, Loss, MessageId, MessageIds, Payload, SendError, SendOptions, WhenFull};

impl Client {
    /// Accepts a message as [`Client::send`] does, on terms that hold as long as it waits. Each
    /// message that ends by them is told as [`Event::Undeliverable`](crate::Event), once. Drain
    /// [`Client::poll_output`] afterwards.
    ///
    /// # Errors
    /// As [`Client::send`]; nothing is replaced or dropped for a message that is refused.
    pub fn send_with(
        &mut self,
        payload: Payload,
        options: SendOptions,
        now: Instant,
    ) -> Result<MessageId, SendError> {
        self.send_freight(Freight::Here(payload), options, now)
    }

    pub(super) fn send_freight(
        &mut self,
        freight: Freight,
        options: SendOptions,
        now: Instant,
    ) -> Result<MessageId, SendError> {
        self.accepts(freight.len())?;
        if options.expires.is_some() {
            // It may not live until the others leave.
            self.hand_on_gathered();
        }
        let key = options.key.as_ref().map_or(0, Key::len);
        let (size, limit) = (freight.len() + key, self.config.limits.outbox_bytes);
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        if self.goes_at_once(size + self.delivery.outgoing.key_bytes()) {
            return Ok(self.hand_over(freight));
        }
        let replaced = self.waits_under(options.key.as_ref());
        let dropped = self.make_room(freight.len(), &options, replaced)?;
        self.withdraw(replaced.as_slice(), Loss::Replaced);
        self.withdraw(&dropped, Loss::Dropped);
        let id = self.enqueue(freight);
        self.delivery.outgoing.agree(options, now);
        self.expect_expiry();
        Ok(id)
    }

    /// Takes back a message that still waits: it ends as [`Loss::Cancelled`]. `false` when it does
    /// not wait, because a connection was given it or it has ended. Drain [`Client::poll_output`]
    /// afterwards.
    pub fn cancel(&mut self, id: MessageId, now: Instant) -> bool {
        let waits = self.delivery.outgoing.waiting_size(id).is_some();
        self.withdraw(&[id], Loss::Cancelled);
        self.finish_if_settled(now);
        waits
    }

    /// Messages have waited for too long.
    pub(super) fn expire(&mut self, now: Instant) {
        let expired = self.delivery.outgoing.expired(now);
        if !planted(Mutant::NeverGrowsOld) {
            self.withdraw(&expired, Loss::Expired);
        }
        self.expect_expiry();
        self.finish_if_settled(now);
    }

    /// The same if it is time, for an alarm may ring late: what has expired does not leave.
    pub(super) fn expire_if_due(&mut self, now: Instant) {
        if self.delivery.outgoing.soonest_expiry() < now {
            self.expire(now);
        }
    }

    pub(super) fn expect_expiry(&mut self) {
        let at = match self.state.is_over() {
            true => Instant::NEVER,
            false => self.delivery.outgoing.soonest_expiry(),
        };
        self.timers.set(Timer::Expiry, at);
    }

    fn waits_under(&self, key: Option<&Key>) -> Option<MessageId> {
        self.delivery.outgoing.waiting_under(key?).filter(|_| !planted(Mutant::KeyIgnored))
    }

    /// Who leaves so that this message fits, besides the one that it replaces.
    fn make_room(
        &self,
        size: usize,
        options: &SendOptions,
        replaced: Option<MessageId>,
    ) -> Result<Vec<MessageId>, SendError> {
        let outgoing = &self.delivery.outgoing;
        let queued = outgoing.queued();
        let new_key = options.key.as_ref().filter(|_| replaced.is_none());
        let wanted = size + outgoing.key_bytes() + new_key.map_or(0, Key::len);
        let freed = replaced.and_then(|id| outgoing.waiting_size(id));
        let mut left = freed.map_or(queued, |size| queued.without(size));
        let mut droppable = outgoing.droppable().filter(|(id, _)| Some(*id) != replaced);
        let mut dropped = Vec::new();
        while !left.leave_room_for(wanted, &self.config.limits) {
            match (options.when_full, droppable.next()) {
                (WhenFull::Reject, _) | (WhenFull::DropOldest, None) => {
                    return Err(SendError::Full { queued });
                }
                (WhenFull::DropOldest, Some((id, size))) => {
                    left = left.without(size);
                    dropped.push(id);
                }
            }
        }
        Ok(dropped)
    }

    /// Ends those of these messages that still wait.
    fn withdraw(&mut self, ids: &[MessageId], loss: Loss) {
        let mut ended: Vec<MessageIds> = Vec::new();
        for &id in ids {
            if self.delivery.outgoing.withdraw(id) {
                extend(&mut ended, id);
            }
        }
        if !planted(Mutant::WithdrawalNotTold) {
            self.tell_all(ended, Fate::Lost(loss));
        }
    }
}
