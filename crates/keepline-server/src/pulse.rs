//! Is the client still there? When to ping it, and when to call it gone: pure.

use std::time::Duration;

use tokio::time::Instant;

/// The heartbeat of one socket. Any byte from the client is a sign of life.
#[derive(Debug)]
pub(crate) struct Pulse {
    ping_every: Duration,
    pong_within: Duration,
    asked: Option<Instant>,
}

/// What a heartbeat that has come due asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// A byte arrived meanwhile; there is a later deadline.
    Alive,
    /// Send a ping.
    Ping,
    /// The ping was not answered.
    Silent,
}

impl Pulse {
    pub(crate) fn new(ping_every: Duration, pong_within: Duration) -> Self {
        Self { ping_every, pong_within, asked: None }
    }

    /// When to call [`Pulse::beat`], if the last byte came at `heard`.
    pub(crate) fn due(&self, heard: Instant) -> Instant {
        match self.unanswered(heard) {
            Some(asked) => asked + self.pong_within,
            None => heard + self.ping_every,
        }
    }

    pub(crate) fn beat(&mut self, heard: Instant, now: Instant) -> Beat {
        match self.unanswered(heard) {
            _ if now < self.due(heard) => Beat::Alive,
            Some(_) => Beat::Silent,
            None => {
                self.asked = Some(now);
                Beat::Ping
            }
        }
    }

    fn unanswered(&self, heard: Instant) -> Option<Instant> {
        self.asked.filter(|&asked| heard <= asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_quiet_client_is_pinged_and_a_silent_one_is_given_up() {
        let start = Instant::now();
        let mut pulse = Pulse::new(secs(10), secs(15));
        assert_eq!(pulse.due(start), start + secs(10));
        assert_eq!(pulse.beat(start, start + secs(10)), Beat::Ping);
        assert_eq!(pulse.due(start), start + secs(25));
        assert_eq!(pulse.beat(start, start + secs(25)), Beat::Silent);
    }

    #[test]
    fn any_byte_after_the_ping_is_an_answer() {
        let start = Instant::now();
        let mut pulse = Pulse::new(secs(10), secs(15));
        assert_eq!(pulse.beat(start, start + secs(10)), Beat::Ping);
        let heard = start + secs(24);
        assert_eq!(pulse.beat(heard, start + secs(25)), Beat::Alive);
        assert_eq!(pulse.due(heard), start + secs(34));
        assert_eq!(pulse.beat(heard, start + secs(34)), Beat::Ping);
    }
}
