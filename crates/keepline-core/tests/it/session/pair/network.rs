//! What comes of what either end decides: it passes, or it does not, at once or in time.

use std::time::Duration;

use keepline_core::wire::{Coding, Credentials, FrameLimits, Instance, Record, SessionId, records};
use keepline_core::{
    Caller, Closed, ConnId, Draw, Input, Output, Payload, Refused, ServerOutput, SessionEvent,
};

use super::{Pair, STRANGERS, Side, words};

impl Pair {
    pub(crate) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let due = [self.client.poll_timeout(), self.server.poll_timeout()];
            let Some(due) = due.into_iter().flatten().min().filter(|due| *due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            if self.buffered > 0 {
                let buffered = Input::Buffered(self.conn(), self.buffered);
                self.client.handle_input(buffered, self.now);
            }
            self.client.handle_timeout(self.now);
            self.server.handle_timeout(self.now);
            self.settle();
            let due = [self.client.poll_timeout(), self.server.poll_timeout()];
            let next = due.into_iter().flatten().min();
            assert!(next.is_none_or(|next| next > self.now), "a deadline must lie ahead");
        }
        self.now = end;
    }

    /// Lets everything happen that takes no time.
    pub(crate) fn settle(&mut self) {
        loop {
            let client = self.perform_client();
            let server = self.perform_server();
            if !client && !server {
                return;
            }
        }
    }

    pub(crate) fn client_takes_all(&mut self) {
        let count = self.client_inbox.len();
        self.client_took.extend(self.client_inbox.drain(..).map(|payload| words(&payload)));
        self.client.took(count, self.now);
    }

    pub(crate) fn server_takes_all(&mut self) {
        for (key, payload) in std::mem::take(&mut self.server_inbox) {
            self.server_took.push(words(&payload));
            self.server.took(key, 1, self.now);
        }
    }

    fn perform_client(&mut self) -> bool {
        let mut acted = false;
        let mut flush = false;
        loop {
            while let Some(output) = self.client.poll_output() {
                acted = true;
                match output {
                    Output::Open(conn) => self.open_connection(conn),
                    Output::Renew(conn) => {
                        self.renewals.push(self.now);
                        self.provide(conn);
                    }
                    Output::Diagnose(conn) => panic!("{conn:?} is looked into"),
                    Output::Transmit(conn, frame) => self.carry_to_server(conn, &frame),
                    Output::Close(conn, code, _) => {
                        self.close_frames.push((conn, code.0));
                        self.lose(conn);
                    }
                    Output::Abandon(conn) => {
                        self.abandoned.push(conn);
                        self.lose(conn);
                    }
                    Output::Deliver(payload) => self.client_inbox.push_back(payload),
                    Output::Discard => self.client_inbox.clear(),
                    Output::Refuse { size } => panic!("a session refuses no {size} bytes"),
                    Output::Flush => flush = true,
                    Output::Measure(conn) => {
                        let buffered = Input::Buffered(conn, self.buffered);
                        self.client.handle_input(buffered, self.now);
                    }
                    Output::Room => panic!("a session tells of room by fates"),
                    Output::HandOver(..) => panic!("a session is handed nothing kept"),
                    Output::Event(event) => self.events.push(event),
                }
            }
            if self.client_takes && !self.client_inbox.is_empty() {
                self.client_takes_all();
            } else if std::mem::take(&mut flush) {
                self.client.flush(self.now);
            } else {
                return acted;
            }
        }
    }

    fn provide(&mut self, conn: ConnId) {
        if let Some(given) = self.provides.clone() {
            self.client.handle_input(Input::Provided(conn, given), self.now);
        }
    }

    fn open_connection(&mut self, conn: ConnId) {
        self.attempts.push(conn);
        self.provide(conn);
        if self.hangs || !self.client.owns(conn) {
            return;
        }
        if !self.reachable {
            let closed = Input::Closed(conn, Closed::abnormal(), None);
            return self.client.handle_input(closed, self.now);
        }
        self.let_in(conn);
    }

    /// The handshake of a connection is answered.
    pub(crate) fn let_in(&mut self, conn: ConnId) {
        self.drawn = self.drawn.wrapping_add(1);
        let draw =
            Draw { session: SessionId([self.drawn; 16]), instance: Instance([self.drawn; 8]) };
        self.open.push(conn);
        self.server.opened(conn, self.coding, "/session", self.now);
        let own = self.open.iter().filter(|conn| **conn < STRANGERS).count();
        self.most_open = self.most_open.max(own);
        self.client.handle_input(Input::Opened(conn, self.echo.clone(), draw), self.now);
    }

    fn measure(&mut self, frame: &Payload, records: usize) {
        let (size, most) = self.largest_frame;
        self.largest_frame = (size.max(frame.len()), most.max(records));
    }

    fn carry_to_server(&mut self, conn: ConnId, frame: &Payload) {
        let records = read(self.coding, frame);
        self.said.extend(records.iter().map(|record| (conn, record.clone())));
        if self.swallow != Some(Side::Client) && self.open.contains(&conn) {
            self.measure(frame, records.len());
            self.passed.push((Side::Client, records));
            self.server.received(conn, frame, self.now);
        }
    }

    fn perform_server(&mut self) -> bool {
        let mut acted = false;
        while let Some(output) = self.server.poll_output() {
            acted = true;
            match output {
                ServerOutput::Verify(conn, credentials) => self.verify(conn, credentials.as_ref()),
                ServerOutput::Wake(conn) => self.carry_to_client(conn),
                ServerOutput::Close(conn, code, reason) => {
                    self.carry_to_client(conn);
                    self.closes.push((conn, code.0, reason.clone()));
                    self.lose(conn);
                    if self.swallow != Some(Side::Server) {
                        let closed = Closed { code, reason, clean: true };
                        self.client.handle_input(Input::Closed(conn, closed, None), self.now);
                    }
                }
                ServerOutput::Begin(key, _) => self.begun.push(key),
                ServerOutput::Deliver(key, payload) => self.server_inbox.push_back((key, payload)),
                ServerOutput::Event(key, event) => {
                    if let SessionEvent::Over(_) = event {
                        self.server_inbox.retain(|(of, _)| *of != key);
                    }
                    self.told.push((key, event));
                }
            }
        }
        // The application comes last, when it is known which sessions are over.
        if self.server_takes {
            self.server_takes_all();
        }
        acted
    }

    fn carry_to_client(&mut self, conn: ConnId) {
        while let Some(frame) = self.server.poll_frame(conn, self.now) {
            if self.swallow != Some(Side::Server) && self.open.contains(&conn) {
                let records = read(self.coding, &frame);
                self.measure(&frame, records.len());
                self.heard.extend(records.iter().map(|record| (conn, record.clone())));
                self.passed.push((Side::Server, records));
                self.client.handle_input(Input::Received(conn, frame), self.now);
            }
            if !self.server.has_frame(conn) {
                return;
            }
        }
    }

    fn verify(&mut self, conn: ConnId, credentials: Option<&Credentials>) {
        if self.verifier_sleeps {
            return;
        }
        let who = match credentials {
            None => Ok(Caller::default()),
            Some(Credentials(secret)) => match self.subjects.get(secret) {
                Some(subject) => Ok(Caller { subject: subject.clone(), expires: self.expires }),
                None => Err(Refused { reason: "nobody knows you".to_owned() }),
            },
        };
        self.server.verified(conn, who, self.now);
    }
}

fn read(coding: Coding, frame: &Payload) -> Vec<Record> {
    let limits = FrameLimits::for_messages(1 << 20, coding);
    records(coding, frame, limits).map(Result::unwrap).collect()
}
