//! What senders are told of their messages, and whether it is true.

use keepline_core::{Loss, MessageIds, Queued};

use super::{Account, Fate, Ledger, Stream};
use crate::violation::{Oracle, Verdict};

impl Ledger {
    pub(crate) fn tell_up(&mut self, tab: usize, ids: MessageIds, fate: Fate) {
        let Self { verdict, up, fates, terms, now, .. } = self;
        if let Fate::Undeliverable(loss) = fate {
            let wrong = (ids.first.0..=ids.last.0).find(|id| !terms[tab].allow(*id, loss, *now));
            verdict.demand(wrong.is_none(), Oracle::Terms, || {
                format!("tab {tab}: {wrong:?} must not end as {loss:?}")
            });
        }
        tell(&mut up[tab], ids, fate, fates, verdict, || format!("tab {tab}"));
    }

    pub(crate) fn tell_down(&mut self, room: usize, ids: MessageIds, fate: Fate) {
        let Self { verdict, rooms, fates, .. } = self;
        tell(&mut rooms[room - 1].down, ids, fate, fates, verdict, || format!("room {room}"));
    }

    /// A client has heard on a connection that it uses up to where the room has taken.
    pub(crate) fn heard_taken(&mut self, tab: usize, room: usize, taken: u64) {
        let stream = &self.up[tab];
        let is_taken = |it: &Account| it.numbered.is_some_and(|it| it.0 == room && it.1 <= taken);
        let mut rest = stream.accounts[stream.settled..].iter();
        let untold = rest.find(|it| it.fate.is_none() && is_taken(it));
        self.verdict.demand(untold.is_none(), Oracle::Fate, || {
            format!("tab {tab} heard that room {room} took {taken}, and says nothing of {untold:?}")
        });
    }

    /// What a client must hold: all that has no fate yet.
    pub(crate) fn held_up(&self, tab: usize) -> Queued {
        self.up[tab].held
    }

    /// A client's line is down for good.
    pub(crate) fn end_up(&mut self, tab: usize) {
        let left = self.up[tab].unsettled();
        self.verdict.demand(left.is_none(), Oracle::Complete, || {
            format!("tab {tab} ended, and of message {left:?} nothing was told")
        });
    }

    /// A room is over.
    pub(crate) fn end_down(&mut self, room: usize) {
        let left = self.rooms[room - 1].down.unsettled();
        self.verdict.demand(left.is_none(), Oracle::Complete, || {
            format!("room {room} is over, and of message {left:?} nothing was told")
        });
    }

    /// A client hears how many messages of the room it has missed.
    pub(crate) fn missed(&mut self, tab: usize, room: usize, missed: u64) {
        let it = &self.rooms[room - 1];
        let really = it.down.accounts.len() as u64 - it.down_given;
        self.verdict.demand(really == missed, Oracle::Missed, || {
            format!("tab {tab} was told it missed {missed} messages of room {room}, not {really}")
        });
    }

    /// A client hears that nobody knows how many messages of the room it has missed.
    pub(crate) fn missed_unknown(&mut self, tab: usize, former: usize, room: usize) {
        let mut between = self.rooms[former..room.max(former + 1) - 1].iter();
        let knows = !self.rooms[former - 1].dead && !between.any(|it| it.tab == tab);
        self.verdict.demand(!(knows && self.remembers), Oracle::Missed, || {
            format!("nobody told tab {tab} what it has missed of room {former}")
        });
    }

    /// Everything is over.
    pub(crate) fn close(&mut self) {
        (0..self.up.len()).for_each(|tab| self.end_up(tab));
        for room in 1..=self.rooms.len() {
            if !self.rooms[room - 1].dead {
                self.end_down(room);
            }
        }
    }
}

fn tell(
    stream: &mut Stream,
    ids: MessageIds,
    fate: Fate,
    fates: &mut [u64; 3],
    verdict: &mut Verdict,
    whose: impl Fn() -> String,
) {
    for id in ids.first.0..=ids.last.0 {
        let Some(account) = stream.account(id) else {
            return verdict.blame(Oracle::Fate, format!("{}: {fate:?} of no message", whose()));
        };
        let (nth, is_true) = match fate {
            Fate::Delivered => (0, account.taken_in.is_some()),
            Fate::Undeliverable(Loss::NotTaken | Loss::TooLarge) => (1, account.taken_in.is_none()),
            Fate::Undeliverable(_) => (1, !account.given),
            Fate::Unknown => (2, account.given),
        };
        fates[nth] += 1;
        let before = account.fate.replace(fate);
        let it = *account;
        if before.is_none() {
            stream.held.messages -= 1;
            stream.held.bytes -= it.size;
        }
        verdict.demand(is_true, Oracle::Fate, || format!("{}: {id} is {it:?}", whose()));
        verdict.demand(before.is_none(), Oracle::Fate, || {
            format!("{}: {id} was {before:?} before {fate:?}", whose())
        });
    }
}
