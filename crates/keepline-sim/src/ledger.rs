//! What has become of every message, kept apart from what the core believes.

mod told;

use keepline_core::wire::{Coding, FrameLimits, Record, records};
use keepline_core::{Instant, Loss, MessageId, Payload, Queued};

use crate::terms::Agreements;
use crate::violation::{Oracle, Verdict};
use crate::word::Word;

/// What a sender was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Delivered,
    Undeliverable(Loss),
    Unknown,
}

/// One accepted message.
#[derive(Clone, Copy, Debug)]
struct Account {
    size: usize,
    /// Put into a frame for a connection.
    given: bool,
    /// The number that its client gave it last, and in which room.
    numbered: Option<(usize, u64)>,
    /// The last room in which it was taken.
    taken_in: Option<usize>,
    fate: Option<Fate>,
}

/// Messages of one sender, from id 1 on.
#[derive(Debug, Default)]
struct Stream {
    accounts: Vec<Account>,
    /// Up to where all have a fate.
    settled: usize,
    /// What has no fate yet.
    pub(crate) held: Queued,
}

/// One state of a session, of one process.
#[derive(Debug)]
struct Room {
    tab: usize,
    down: Stream,
    /// The ids last given to and taken by the server's application.
    up_given: u64,
    up_taken: u64,
    /// The ids last given to and taken by the client's application.
    down_given: u64,
    down_taken: u64,
    /// Its process has died.
    dead: bool,
}

/// The accounts of all messages.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) verdict: Verdict,
    /// When a client acts.
    pub(crate) now: Instant,
    up: Vec<Stream>,
    /// What each tab's messages were sent on.
    pub(crate) terms: Vec<Agreements>,
    /// Whether a client's lost messages are sent again.
    again: Vec<bool>,
    /// By serial number less one.
    rooms: Vec<Room>,
    /// How many fates of each kind were told: delivered, undeliverable, unknown.
    pub(crate) fates: [u64; 3],
    pub(crate) taken: u64,
    /// Whether the last frame held messages.
    pub(crate) last_had_messages: bool,
    /// How many messages were given to a connection for the first time.
    pub(crate) given: u64,
    /// The server keeps tombstones of everything.
    pub(crate) remembers: bool,
    pub(crate) twice: u64,
}

impl Stream {
    fn next(&self) -> u64 {
        self.accounts.len() as u64 + 1
    }

    fn account(&mut self, id: u64) -> Option<&mut Account> {
        self.accounts.get_mut(usize::try_from(id.checked_sub(1)?).ok()?)
    }

    fn accept(&mut self, size: usize) {
        self.held.messages += 1;
        self.held.bytes += size;
        self.accounts.push(Account {
            size,
            given: false,
            numbered: None,
            taken_in: None,
            fate: None,
        });
    }

    /// Whether all of `first..end` have a fate.
    fn is_settled(&self, first: u64, end: u64) -> bool {
        (first..end).all(|id| self.accounts[id as usize - 1].fate.is_some())
    }

    /// The first id without a fate.
    fn unsettled(&mut self) -> Option<u64> {
        while self.accounts.get(self.settled).is_some_and(|it| it.fate.is_some()) {
            self.settled += 1;
        }
        (self.settled < self.accounts.len()).then_some(self.settled as u64 + 1)
    }
}

/// What each end does.
impl Ledger {
    pub(crate) fn add_tab(&mut self, again: bool) {
        self.up.push(Stream::default());
        self.terms.push(Agreements::default());
        self.again.push(again);
    }

    /// The serial number of a room that opens.
    pub(crate) fn add_room(&mut self, tab: usize) -> usize {
        let down = Stream::default();
        let (up_given, up_taken, down_given, down_taken) = (0, 0, 0, 0);
        self.rooms.push(Room {
            tab,
            down,
            up_given,
            up_taken,
            down_given,
            down_taken,
            dead: false,
        });
        self.rooms.len()
    }

    pub(crate) fn process_died(&mut self) {
        self.rooms.iter_mut().for_each(|room| room.dead = true);
    }

    pub(crate) fn next_up(&self, tab: usize) -> u64 {
        self.up[tab].next()
    }

    pub(crate) fn next_down(&self, room: usize) -> u64 {
        self.rooms[room - 1].down.next()
    }

    pub(crate) fn accept_up(&mut self, tab: usize, id: MessageId, size: usize) {
        let wanted = self.up[tab].next();
        self.verdict.demand(id.0 == wanted, Oracle::Content, || format!("id {id}, not {wanted}"));
        self.up[tab].accept(size);
    }

    pub(crate) fn accept_down(&mut self, room: usize, id: MessageId, size: usize) {
        let wanted = self.rooms[room - 1].down.next();
        self.verdict.demand(id.0 == wanted, Oracle::Content, || format!("id {id}, not {wanted}"));
        self.rooms[room - 1].down.accept(size);
    }

    /// A frame is handed to a connection, by a client to that of a room; returns its records.
    pub(crate) fn give(
        &mut self,
        coding: Coding,
        frame: &Payload,
        room: Option<usize>,
    ) -> Vec<Record> {
        let limits = FrameLimits::for_messages(1 << 20, coding);
        let mut read = Vec::new();
        self.last_had_messages = false;
        for record in records(coding, frame, limits) {
            match record {
                Ok(Record::Message(number, payload)) => {
                    self.give_message(&payload, room.map(|room| (room, number)));
                }
                Ok(record) => read.push(record),
                Err(error) => self.verdict.blame(Oracle::Peace, format!("malformed: {error}")),
            }
        }
        read
    }

    fn give_message(&mut self, payload: &Payload, numbered: Option<(usize, u64)>) {
        self.last_had_messages = true;
        let Some((word, account)) = self.account(payload) else {
            return self.verdict.blame(Oracle::Content, "nobody's message".to_owned());
        };
        account.numbered = numbered;
        if !std::mem::replace(&mut account.given, true) {
            self.given += 1;
            self.leaves(word);
        }
    }

    /// A message is given to a connection for the first time.
    fn leaves(&mut self, word: Word) {
        if word.room > 0 {
            return;
        }
        if let Some(objection) = self.terms[word.tab].objection(word.id, self.now) {
            self.verdict.blame(Oracle::Terms, format!("{word:?} leaves, but it {objection}"));
        }
    }

    fn account(&mut self, payload: &Payload) -> Option<(Word, &mut Account)> {
        let word = Word::read(payload)?;
        let stream = match word.room {
            0 => self.up.get_mut(word.tab)?,
            room => &mut self.rooms.get_mut(room - 1)?.down,
        };
        let account = stream.account(word.id)?;
        (account.size == payload.len()).then_some((word, account))
    }

    fn word(&mut self, payload: &Payload) -> Option<Word> {
        let word = self.account(payload).map(|(word, _)| word);
        self.verdict.demand(word.is_some(), Oracle::Content, || "nobody's message".to_owned());
        word
    }

    /// The server's application of this room is given a message.
    pub(crate) fn deliver_up(&mut self, serial: usize, payload: &Payload) {
        let Some(word) = self.word(payload) else { return };
        let room = &mut self.rooms[serial - 1];
        let before = std::mem::replace(&mut room.up_given, word.id);
        let ours = word.room == 0 && word.tab == room.tab;
        self.verdict.demand(ours, Oracle::Content, || format!("{word:?} came to room {serial}"));
        self.verdict.demand(before < word.id, Oracle::Once, || {
            format!("room {serial}: message {} of tab {} came after {before}", word.id, word.tab)
        });
        let skips = ours && before < word.id && !self.up[word.tab].is_settled(before + 1, word.id);
        self.verdict.demand(!skips, Oracle::Order, || {
            format!("room {serial}: message {} of tab {} came after {before}", word.id, word.tab)
        });
    }

    /// The server's application takes it.
    pub(crate) fn take_up(&mut self, serial: usize, payload: &Payload) {
        let Some(word) = self.word(payload) else { return };
        self.taken += 1;
        let room = &mut self.rooms[serial - 1];
        let before = std::mem::replace(&mut room.up_taken, word.id);
        self.verdict.demand(before < word.id, Oracle::Once, || format!("{word:?} taken again"));
        let again = self.again[word.tab];
        let Some(account) = self.up[word.tab].account(word.id) else { return };
        let taken_before = account.taken_in.replace(serial);
        let fate = account.fate;
        self.twice += u64::from(taken_before.is_some());
        let twice = taken_before.is_some_and(|room| !again || room == serial);
        self.verdict.demand(!twice, Oracle::Once, || {
            format!("room {serial} took {word:?}, as {taken_before:?} had")
        });
        let false_fate = match fate {
            None | Some(Fate::Unknown) => false,
            // Sent again, it was taken in a later epoch first.
            Some(Fate::Delivered) => !again,
            Some(Fate::Undeliverable(_)) => true,
        };
        self.verdict.demand(!false_fate, Oracle::Fate, || {
            format!("room {serial} took {word:?}, after {fate:?} was told of it")
        });
    }

    /// The client's application is given a message.
    pub(crate) fn deliver_down(&mut self, tab: usize, payload: &Payload) {
        let Some(word) = self.word(payload) else { return };
        let ours = word.room > 0 && self.rooms[word.room - 1].tab == tab;
        self.verdict.demand(ours, Oracle::Content, || format!("{word:?} came to tab {tab}"));
        if !ours {
            return;
        }
        let room = &mut self.rooms[word.room - 1];
        let before = std::mem::replace(&mut room.down_given, word.id);
        self.verdict.demand(before < word.id, Oracle::Once, || {
            format!("tab {tab}: {word:?} came after {before}")
        });
        self.verdict.demand(before + 1 >= word.id, Oracle::Order, || {
            format!("tab {tab}: {word:?} came after {before}")
        });
    }

    /// The client's application takes it.
    pub(crate) fn take_down(&mut self, tab: usize, payload: &Payload) {
        let Some(word) = self.word(payload) else { return };
        self.taken += 1;
        let room = &mut self.rooms[word.room - 1];
        let before = std::mem::replace(&mut room.down_taken, word.id);
        self.verdict.demand(before + 1 == word.id, Oracle::Order, || {
            format!("tab {tab} took {word:?} after {before}")
        });
        let Some(account) = room.down.account(word.id) else { return };
        let twice = account.taken_in.replace(word.room).is_some();
        let fate = account.fate;
        self.verdict.demand(!twice, Oracle::Once, || format!("tab {tab} took {word:?} again"));
        let is_true = matches!(fate, None | Some(Fate::Unknown));
        self.verdict.demand(is_true, Oracle::Fate, || {
            format!("tab {tab} took {word:?}, after {fate:?} was told of it")
        });
    }
}
