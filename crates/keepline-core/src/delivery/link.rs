//! What belongs to one connection of a session, and ends with it.

use alloc::vec::Vec;

use super::Breach;
use crate::Payload;
use crate::mutant::{Mutant, planted};
use crate::wire::{Ack, Coding, Credentials, FrameWriter, Record};

/// More pongs than these are not kept for a far end that asks and does not read.
const MOST_CONTROLS: usize = 64;

/// One connection, after its greeting.
#[derive(Debug)]
pub(crate) struct Link {
    coding: Coding,
    controls: Vec<Record>,
    /// The lowest number that may come next here.
    expected: u64,
    /// What the far end knows of our position.
    told: Option<Ack>,
    /// What the far end said last of its own.
    heard: Option<Ack>,
    renewal: Renewal,
    /// Frames hold no messages for now.
    withholds: bool,
}

/// How far the renewal of credentials is: one at a time is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    None,
    Asked,
    /// There are newer ones since.
    AskedTooEarly,
}

impl Link {
    pub(super) const fn new(coding: Coding, announced: u64, told: Option<Ack>) -> Self {
        Self {
            coding,
            controls: Vec::new(),
            expected: announced + 1,
            told,
            heard: None,
            renewal: Renewal::None,
            withholds: false,
        }
    }

    /// Whether frames are to hold no messages from now on, because the socket holds enough.
    pub(crate) const fn withhold(&mut self, withholds: bool) {
        self.withholds = withholds;
    }

    pub(super) const fn withholds(&self) -> bool {
        self.withholds
    }

    pub(crate) const fn coding(&self) -> Coding {
        self.coding
    }

    /// Puts a record before the messages of the next frame.
    pub(crate) fn say(&mut self, record: Record) {
        if self.controls.len() == MOST_CONTROLS {
            let pong = self.controls.iter().position(|it| matches!(it, Record::Pong(_)));
            self.controls.remove(pong.unwrap_or(0));
        }
        self.controls.push(record);
    }

    /// Hands in new credentials, now or after the answer to those before.
    pub(crate) fn renew(&mut self, credentials: &Credentials) {
        match self.renewal {
            Renewal::None => {
                self.renewal = Renewal::Asked;
                self.say(Record::Renew(credentials.clone()));
            }
            Renewal::Asked | Renewal::AskedTooEarly => self.renewal = Renewal::AskedTooEarly,
        }
    }

    /// The credentials were accepted; `newest` are handed in if they are newer.
    pub(crate) fn renewed(&mut self, newest: Option<&Credentials>) {
        let before = core::mem::replace(&mut self.renewal, Renewal::None);
        if let (Renewal::AskedTooEarly, Some(newest)) = (before, newest) {
            self.renew(newest);
        }
    }

    pub(super) fn has_controls(&self) -> bool {
        !self.controls.is_empty()
    }

    pub(super) fn write_controls(&mut self, frame: &mut FrameWriter) {
        self.controls.iter().for_each(|record| frame.record(record));
        self.controls.clear();
    }

    /// The last frame: this record, after what else was to be said. A greeting may be among that,
    /// and without it the far end would take the record for one of an earlier epoch.
    pub(crate) fn last_frame(&mut self, record: &Record) -> Payload {
        let mut frame = FrameWriter::new(self.coding);
        if !planted(Mutant::EndBeforeGreeting) {
            self.write_controls(&mut frame);
        }
        frame.record(record);
        frame.finish()
    }

    pub(super) const fn told(&self) -> Option<Ack> {
        self.told
    }

    pub(super) fn tell(&mut self, ack: Ack, frame: &mut FrameWriter) {
        frame.record(&Record::Ack(ack));
        self.told = Some(ack);
    }

    /// Numbers rise by one here, but may pass over what an older connection has brought: that may
    /// be acknowledged, and forgotten by the far end.
    pub(super) fn expect(&mut self, number: u64, received: u64) -> Result<(), Breach> {
        let passes_over = !planted(Mutant::NothingPassedOver);
        let highest = if passes_over { self.expected.max(received + 1) } else { self.expected };
        let is_wrong = number < self.expected || number > highest;
        if is_wrong && !planted(Mutant::NumberNotChecked) {
            return Err(Breach::Number);
        }
        self.expected = number + 1;
        Ok(())
    }

    pub(super) fn hear(&mut self, ack: Ack) -> Result<(), Breach> {
        let goes_back = self.heard.is_some_and(|heard| {
            ack.taken < heard.taken
                || ack.credit.number < heard.credit.number
                || ack.credit.bytes < heard.credit.bytes
        });
        if goes_back {
            return Err(Breach::WentBack);
        }
        self.heard = Some(ack);
        Ok(())
    }
}
