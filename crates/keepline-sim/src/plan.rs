//! What kind of world a seed makes: who lives in it, and how bad its weather is.

use std::time::Duration;

use keepline_core::wire::{Coding, Credentials, Window};
use keepline_core::{AfterLoss, Backoff, Config, Limits, ServerConfig, SessionConfig};

use crate::chance::Chance;
use crate::tab::Manner;

/// What may strike a world, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// A connection is cut.
    Cut,
    /// A connection stalls, in one direction or in both, for a while or for ever.
    Stall,
    /// The process dies, and comes back with nothing.
    Restart,
    /// A server's application ends its session.
    ServerEnd,
    Bye,
    GoAway,
    Drain,
    Sleep,
    /// An application closes, finishes or drops its line.
    AppEnd,
    /// An application that has ended connects again.
    Again,
    RetryNow,
    Renew,
    /// Something happens to a tab's page.
    Page,
}

impl Strike {
    pub(crate) const ALL: [Self; 13] = [
        Self::Cut,
        Self::Stall,
        Self::Restart,
        Self::ServerEnd,
        Self::Bye,
        Self::GoAway,
        Self::Drain,
        Self::Sleep,
        Self::AppEnd,
        Self::Again,
        Self::RetryNow,
        Self::Renew,
        Self::Page,
    ];
}

/// How likely it is, in a thousand, that something is wrong with a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Odds {
    pub(crate) refused: usize,
    pub(crate) hung: usize,
    pub(crate) hello_lost: usize,
    pub(crate) greeting_lost: usize,
    pub(crate) delayed: usize,
    /// The close is told late, or never.
    pub(crate) close_late: usize,
    pub(crate) slow_verifier: usize,
    pub(crate) denied: usize,
    /// The server's end takes frames slowly.
    pub(crate) slow_pump: usize,
    /// A connection is cut just after it has opened.
    pub(crate) flaps: usize,
    /// A server's application ends a session as soon as it has begun.
    pub(crate) ends_at_once: usize,
    /// News of a socket that the client has shut still reaches its core.
    pub(crate) stale: usize,
    /// A broken proxy loses a frame in the middle of a connection.
    pub(crate) frame_lost: usize,
}

/// One tab of a world.
pub(crate) struct TabPlan {
    pub(crate) config: Config,
    pub(crate) manner: Manner,
    /// The pause between two turns of its application.
    pub(crate) pause: Duration,
    pub(crate) burst: usize,
    /// How many messages in a thousand are sent on terms of their own.
    pub(crate) on_terms: usize,
    /// Timers run once a minute.
    pub(crate) hidden: bool,
}

pub(crate) struct Plan {
    pub(crate) storm: Duration,
    pub(crate) tabs: Vec<TabPlan>,
    pub(crate) server: ServerConfig,
    /// There may be no place for everybody.
    pub(crate) is_scarce: bool,
    /// A new process takes other messages than the one before.
    pub(crate) windows_change: bool,
    pub(crate) manner: Manner,
    pub(crate) echoes: bool,
    pub(crate) pause: Duration,
    pub(crate) burst: usize,
    /// How often in a thousand seconds, by [`Strike::ALL`].
    pub(crate) rates: [usize; Strike::ALL.len()],
    pub(crate) odds: Odds,
    pub(crate) latency: Duration,
}

impl Plan {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let is_scarce = chance.strikes(250);
        let server = server(is_scarce, chance);
        let tabs = (0..chance.within(1, 4)).map(|_| tab(chance)).collect();
        let latency = chance.pick(&[1, 20, 100, 600]);
        Self {
            storm: chance.secs(30, 150),
            tabs,
            server,
            is_scarce,
            windows_change: chance.strikes(300),
            manner: manner(chance),
            echoes: chance.strikes(500),
            pause: chance.millis(200, 4_000),
            burst: chance.within(0, 6),
            rates: Strike::ALL.map(|strike| rate(strike, chance)),
            odds: odds(chance),
            latency: Duration::from_millis(latency),
        }
    }

    pub(crate) const fn rate(&self, strike: Strike) -> usize {
        self.rates[strike as usize]
    }
}

fn rate(strike: Strike, chance: &mut Chance) -> usize {
    if chance.strikes(450) {
        return 0;
    }
    match strike {
        Strike::Cut | Strike::Stall => chance.within(10, 300),
        Strike::Restart | Strike::Bye | Strike::ServerEnd => chance.within(5, 50),
        Strike::Drain => chance.within(3, 25),
        Strike::AppEnd | Strike::RetryNow | Strike::Renew => chance.within(5, 50),
        Strike::GoAway => chance.within(10, 150),
        Strike::Sleep => chance.within(20, 300),
        Strike::Page => chance.within(20, 200),
        Strike::Again => chance.within(50, 300),
    }
}

fn some(most: usize, chance: &mut Chance) -> usize {
    if chance.strikes(550) { 0 } else { chance.within(1, most) }
}

fn odds(chance: &mut Chance) -> Odds {
    Odds {
        refused: some(400, chance),
        hung: some(200, chance),
        hello_lost: some(200, chance),
        greeting_lost: some(300, chance),
        delayed: some(100, chance),
        close_late: some(500, chance),
        slow_verifier: some(300, chance),
        denied: some(15, chance),
        slow_pump: some(300, chance),
        flaps: if chance.strikes(100) { chance.within(300, 950) } else { 0 },
        ends_at_once: some(100, chance),
        stale: some(900, chance),
        frame_lost: if chance.strikes(100) { chance.within(2, 30) } else { 0 },
    }
}

fn manner(chance: &mut Chance) -> Manner {
    chance.pick(&[Manner::AtOnce, Manner::Slowly])
}

pub(crate) fn window(chance: &mut Chance) -> Window {
    let message_bytes = chance.pick(&[64, 200, 1_000]);
    Window {
        message_bytes,
        messages: chance.pick(&[1, 2, 4, 16, 64]),
        bytes: message_bytes * chance.pick(&[1, 2, 8, 64]),
    }
}

fn server(is_scarce: bool, chance: &mut Chance) -> ServerConfig {
    let window = window(chance);
    let hold = chance.pick(if is_scarce { &[2, 10, 25] } else { &[2, 10, 60, 3_600] });
    let ping = chance.secs(2, 10);
    let outbox_bytes = window.message_bytes as usize * chance.pick(&[2, 16, 200]);
    let scarce = outbox_bytes + chance.within(1_100, 8_000);
    let least = least_for_one(&window, outbox_bytes);
    ServerConfig {
        window,
        outbox_messages: chance.pick(&[2, 8, 200]),
        outbox_bytes,
        ping,
        client_silence: ping + chance.secs(2, 6),
        silence: ping + chance.secs(5, 15),
        hold: Duration::from_secs(hold),
        sessions: if is_scarce { chance.within(1, 4) } else { 100 },
        anonymous_sessions: if is_scarce { chance.within(1, 4) } else { 100 },
        sessions_per_subject: if is_scarce { chance.within(1, 2) } else { 100 },
        total_bytes: if is_scarce { scarce } else { 1 << 20 },
        anonymous_bytes: if is_scarce { least.max(scarce / 4 * 3) } else { 1 << 20 },
        bytes_per_subject: if is_scarce { least.max(scarce / 2) } else { 1 << 20 },
        tombstones: chance.pick(&[0, 1, 3, 100]),
        tombstone_hold: Duration::from_secs(chance.pick(&[5, 60, 86_400])),
        returns_per_second: chance.pick(&[1, 1_000]),
        ..ServerConfig::default()
    }
}

/// How much a server must let one session hold.
pub(crate) fn least_for_one(window: &Window, outbox_bytes: usize) -> usize {
    outbox_bytes.max(window.message_bytes as usize + 1_100)
}

fn tab(chance: &mut Chance) -> TabPlan {
    let window = window(chance);
    let buffer_high = chance.pick(&[150, 1_000, 1 << 20]);
    let limits = Limits {
        buffer_high,
        buffer_low: buffer_high / 4,
        message_bytes: window.message_bytes as usize,
        outbox_messages: chance.pick(&[2, 20, 500]),
        outbox_bytes: window.message_bytes as usize * chance.pick(&[2, 16, 200]),
        ..Limits::default()
    };
    let session = SessionConfig {
        coding: chance.pick(&[Coding::Binary, Coding::Json]),
        window,
        after_loss: chance.pick(&[AfterLoss::Tell, AfterLoss::SendAgain]),
        credentials: credentials(chance),
    };
    // One that may try seldom shows soon whether it keeps to that.
    let attempts_per_minute = chance.pick(&[20, 20, 6]);
    let backoff = Backoff { attempts_per_minute, ..Backoff::default() };
    TabPlan {
        config: Config { limits, backoff, session: Some(session), ..Config::default() },
        manner: manner(chance),
        pause: chance.millis(200, 4_000),
        burst: chance.within(1, 6),
        on_terms: chance.pick(&[0, 0, 300, 900]),
        hidden: chance.strikes(250),
    }
}

/// Nobody, or somebody of a few; the token changes, the name does not.
pub(crate) fn credentials(chance: &mut Chance) -> Option<Credentials> {
    chance.strikes(500).then(|| token(["ann", "bob"][chance.below(2)], chance))
}

pub(crate) fn token(name: &str, chance: &mut Chance) -> Credentials {
    Credentials(format!("{name}:{}", chance.below(1_000)))
}
