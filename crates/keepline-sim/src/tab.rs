//! A browser's tab: the real client, its driver, its application, and who watches them.

use std::collections::VecDeque;
use std::time::Duration;

use keepline_core::wire::{Coding, Record};
use keepline_core::{
    Client, CloseCode, Config, ConnId, Event, Input, Instant, Loss, MessageId, Notice, Output,
    Payload, SendError, SendOptions, Status,
};

use crate::ledger::{Fate, Ledger};
use crate::story::{Happened, Story};
use crate::violation::Oracle;
use crate::watch::Watch;
use crate::word::Word;

/// What a tab does to the world.
#[derive(Debug)]
pub(crate) enum Deed {
    Open(ConnId),
    /// A frame, and what is said in it.
    Frame(ConnId, Payload, Said),
    /// The client asks how much the socket holds.
    Measure(ConnId),
    /// The socket is closed, with a code if a close frame is sent.
    Shut(ConnId, Option<CloseCode>),
}

/// What is said in a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    /// Nothing but messages and how far this end is.
    pub(crate) is_plain: bool,
    pub(crate) has_messages: bool,
}

/// How an application takes its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    AtOnce,
    /// Some of them, now and then.
    Slowly,
}

pub(crate) struct Tab {
    pub(crate) number: usize,
    pub(crate) client: Client,
    pub(crate) manner: Manner,
    pub(crate) watch: Watch,
    pub(crate) inbox: VecDeque<Payload>,
    window: (u64, u64),
    outbox: (usize, usize),
    pub(crate) high_mark: u64,
    coding: Coding,
    wants_flush: bool,
    /// The room that the last message taken or delivered was of.
    room: usize,
    /// How many messages came again, when this was last looked at.
    repeated: u64,
}

impl Tab {
    pub(crate) fn new(number: usize, config: Config, seed: u64, manner: Manner) -> Self {
        let session = config.session.clone().expect("a tab speaks keepline.v1");
        let outbox = (config.limits.outbox_messages, config.limits.outbox_bytes);
        let high_mark = config.limits.buffer_high as u64;
        let window = (session.window.messages, session.window.bytes);
        let per_minute = config.backoff.attempts_per_minute;
        let client = Client::new(config, seed).expect("the plan makes sound configurations");
        Self {
            number,
            client,
            manner,
            watch: Watch::new(number, per_minute),
            inbox: VecDeque::new(),
            window,
            outbox,
            high_mark,
            coding: session.coding,
            wants_flush: false,
            room: 0,
            repeated: 0,
        }
    }

    pub(crate) fn is_online(&self) -> bool {
        matches!(self.client.status(), Status::Online { .. })
    }

    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.client.status(), Status::Ended { .. } | Status::Idle)
    }

    /// The application sends a message.
    pub(crate) fn send(
        &mut self,
        size: usize,
        as_text: bool,
        options: Option<SendOptions>,
        ledger: &mut Ledger,
    ) -> bool {
        let word = Word { tab: self.number, room: 0, id: ledger.next_up(self.number) };
        let payload = word.payload(size, as_text);
        let size = payload.len();
        let sent = match &options {
            None => self.client.send(payload),
            Some(options) => self.client.send_with(payload, options.clone(), ledger.now),
        };
        match sent {
            Ok(id) => {
                ledger.accept_up(self.number, id, size);
                if let Some(options) = options {
                    ledger.terms[self.number].agree(id.0, options, ledger.now);
                }
                true
            }
            Err(SendError::Full { .. } | SendError::TooLarge { .. } | SendError::Ended) => false,
        }
    }

    /// The application takes a message back, if it can.
    pub(crate) fn cancel(&mut self, id: u64, ledger: &mut Ledger) {
        if self.client.cancel(MessageId(id), ledger.now) {
            ledger.terms[self.number].cancelled(id);
        }
    }

    /// The application takes so many messages.
    pub(crate) fn take(&mut self, count: usize, now: Instant, ledger: &mut Ledger) {
        let count = count.min(self.inbox.len());
        for payload in self.inbox.drain(..count) {
            ledger.take_down(self.number, &payload);
            if Word::read(&payload).map(|word| word.room) == self.watch.room {
                self.watch.owes_since.get_or_insert(now);
            }
        }
        self.client.took(count, now);
    }

    pub(crate) fn hear(&mut self, input: Input, now: Instant) {
        if let Input::Closed(conn, closed, _) = &input {
            self.watch.gone(*conn);
            if closed.code == CloseCode::FOREIGN_SESSION {
                self.watch.parts_from_room();
            }
        }
        if let Input::PeerClosing(conn) = &input
            && self.client.conn() == Some(*conn)
        {
            // Also the one that a session is about to move away from, if it stays after all.
            self.watch.leaving = Some(*conn);
        }
        self.client.handle_input(input, now);
    }

    pub(crate) fn timeout(&mut self, now: Instant, ledger: &mut Ledger) {
        self.client.handle_timeout(now);
        let next = self.client.poll_timeout();
        ledger.verdict.demand(next.is_none_or(|next| next > now), Oracle::Deadlines, || {
            format!("tab {}: at {now:?} the next deadline is {next:?}", self.number)
        });
    }

    /// The page notices something; whoever woke is judged at once.
    pub(crate) fn notice(&mut self, notice: Notice, now: Instant, ledger: &mut Ledger) {
        let is_settled = self.is_online() && self.client.queued().messages == 0;
        if notice == Notice::Left && is_settled {
            self.watch.parts_from_room();
        }
        self.watch.notices(notice, now);
        self.client.handle_input(Input::Noticed(notice), now);
        if let (Notice::Woke(_), Status::Waiting { retry_at, .. }) = (notice, self.client.status())
        {
            self.watch.judge_hurry(retry_at - now, now, &mut ledger.verdict);
        }
    }

    /// Performs all that the client asks for, then judges it. The flush waits until a measure is
    /// answered, or what it writes would be measured too.
    pub(crate) fn perform(
        &mut self,
        now: Instant,
        ledger: &mut Ledger,
        story: &mut Story,
    ) -> Vec<Deed> {
        ledger.now = now;
        let mut deeds = Vec::new();
        let mut outputs = 0;
        loop {
            while let Some(output) = self.client.poll_output() {
                outputs += 1;
                self.wants_flush |= output == Output::Flush;
                self.perform_one(output, now, ledger, story, &mut deeds);
            }
            if self.manner == Manner::AtOnce && !self.inbox.is_empty() {
                self.take(usize::MAX, now, ledger);
            } else if !self.wants_flush || deeds.iter().any(|it| matches!(it, Deed::Measure(_))) {
                break;
            } else {
                self.wants_flush = false;
                self.client.flush(now);
            }
        }
        let before = std::mem::replace(&mut self.repeated, self.client.repeated());
        story.add(Happened::Repeated, self.repeated.saturating_sub(before));
        self.judge(outputs, now, ledger);
        deeds
    }

    fn perform_one(
        &mut self,
        output: Output,
        now: Instant,
        ledger: &mut Ledger,
        story: &mut Story,
        deeds: &mut Vec<Deed>,
    ) {
        match output {
            Output::Open(conn) => {
                story.count(Happened::Attempt);
                self.watch.open(conn, now, &mut ledger.verdict);
                deeds.push(Deed::Open(conn));
            }
            Output::Transmit(conn, frame) => {
                self.watch.used(conn, &mut ledger.verdict);
                let before = ledger.given;
                let records = ledger.give(self.coding, &frame, self.watch.room);
                let is_plain = crate::network::is_plain(&records);
                let said = Said { is_plain, has_messages: ledger.last_had_messages };
                if records.iter().any(|it| matches!(it, Record::Ack(_) | Record::End(_))) {
                    self.watch.owes_since = None;
                }
                let is_late = self.watch.drains && ledger.given > before;
                ledger.verdict.demand(!is_late, Oracle::Drain, || {
                    format!("tab {} sends new messages to a server that goes away", self.number)
                });
                deeds.push(Deed::Frame(conn, frame, said));
            }
            Output::Close(conn, code, _) => {
                self.watch.used(conn, &mut ledger.verdict);
                deeds.push(Deed::Shut(conn, Some(code)));
            }
            Output::Abandon(conn) => {
                if self.watch.abandoned(conn) {
                    deeds.push(Deed::Shut(conn, None));
                }
            }
            Output::Deliver(payload) => self.deliver(payload, ledger),
            Output::Discard => self.inbox.clear(),
            // No tab has a provider, looks into failed handshakes, or keeps what it sends.
            Output::Flush | Output::Renew(_) | Output::Diagnose(_) | Output::HandOver(..) => {}
            Output::Measure(conn) => {
                story.count(Happened::Measured);
                deeds.push(Deed::Measure(conn));
            }
            Output::Room => {
                ledger.verdict.blame(Oracle::Story, "a session tells no room".to_owned());
            }
            Output::Refuse { size } => {
                ledger.verdict.blame(Oracle::Peace, format!("a frame of {size} bytes is refused"));
            }
            Output::Event(event) => self.told(event, now, ledger, story),
        }
    }

    fn deliver(&mut self, payload: Payload, ledger: &mut Ledger) {
        ledger.deliver_down(self.number, &payload);
        if let Some(word) = Word::read(&payload) {
            ledger.verdict.demand(word.room >= self.room, Oracle::Order, || {
                format!("tab {}: {word:?} came after room {}", self.number, self.room)
            });
            self.room = word.room;
        }
        self.inbox.push_back(payload);
    }

    fn told(&mut self, event: Event, now: Instant, ledger: &mut Ledger, story: &mut Story) {
        story.line(now, || format!("tab {}: {event}", self.number));
        match event {
            Event::Status(status) => {
                self.watch.stands(&status, now, ledger, story);
            }
            Event::Delivered(ids) => ledger.tell_up(self.number, ids, Fate::Delivered),
            Event::Undeliverable(ids, loss) => {
                ended_by_terms(loss).into_iter().for_each(|it| story.add(it, ids.count()));
                ledger.tell_up(self.number, ids, Fate::Undeliverable(loss));
            }
            Event::Unknown(ids, _) => ledger.tell_up(self.number, ids, Fate::Unknown),
            Event::Restarted { missed } => {
                story.count(Happened::Restarted);
                self.watch.restarted(missed, ledger);
            }
            Event::RoundTrip(_) => {
                ledger.verdict.blame(Oracle::Story, "a session probes nothing".to_owned());
            }
        }
    }

    fn judge(&mut self, outputs: usize, now: Instant, ledger: &mut Ledger) {
        let (tab, queued) = (self.number, self.client.queued());
        let held = ledger.held_up(tab);
        ledger.verdict.demand(queued == held, Oracle::Bounds, || {
            format!("tab {tab} holds {queued:?}, and {held:?} has no fate")
        });
        let verdict = &mut ledger.verdict;
        let fits = queued.messages <= self.outbox.0 && queued.bytes <= self.outbox.1;
        verdict.demand(fits, Oracle::Bounds, || format!("tab {tab}: the outbox holds {queued:?}"));
        verdict.demand(outputs <= 1_000, Oracle::Bounds, || {
            format!("tab {tab}: {outputs} outputs at once")
        });
        let of_room = |it: &&Payload| Word::read(it).is_some_and(|word| word.room == self.room);
        let (mut messages, mut bytes) = (0, 0);
        for payload in self.inbox.iter().rev().take_while(of_room) {
            (messages, bytes) = (messages + 1, bytes + payload.len() as u64);
        }
        let fits = messages <= self.window.0 && bytes <= self.window.1;
        verdict.demand(fits, Oracle::Bounds, || {
            format!("tab {tab}: {messages} messages of {bytes} bytes are in flight to it")
        });
        self.watch.judge(&self.client, now, verdict);
    }

    /// The application closes the line.
    pub(crate) fn close(&mut self, code: u16, now: Instant) {
        self.watch.asks_to_end();
        self.client.close(CloseCode(code), "enough", now).expect("a page may send this");
    }

    /// The application closes the line when all is taken.
    pub(crate) fn finish(&mut self, within: Duration, now: Instant) {
        self.watch.asks_to_end();
        self.client.finish(CloseCode::NORMAL, "done", within, now).expect("a page may send this");
    }

    /// The application drops the line.
    pub(crate) fn abandon(&mut self, now: Instant) {
        self.watch.asks_to_end();
        self.client.abandon(now);
    }
}

const fn ended_by_terms(loss: Loss) -> Option<Happened> {
    match loss {
        Loss::NeverSent | Loss::NotTaken | Loss::TooLarge => None,
        Loss::Dropped => Some(Happened::Dropped),
        Loss::Replaced => Some(Happened::Replaced),
        Loss::Expired => Some(Happened::Expired),
        Loss::Cancelled => Some(Happened::Cancelled),
    }
}
