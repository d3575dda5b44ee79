//! The states of a line by name, and the table of how they may follow each other.

use alloc::string::String;
use core::fmt::Write;

/// A state of a client, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// `connect` was not called yet.
    Idle,
    /// A handshake is under way.
    Connecting,
    /// A session's hello is said.
    Greeting,
    /// The line is open.
    Online,
    /// The far end is closing.
    Leaving,
    /// The next attempt is to come.
    Waiting,
    /// The application ends the line.
    Closing,
    /// The line is down for good.
    Ended,
}

/// One way from a state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state before.
    pub from: Phase,
    /// The state after.
    pub to: Phase,
    /// What leads there.
    pub on: &'static str,
}

const fn way(from: Phase, to: Phase, on: &'static str) -> Transition {
    Transition { from, to, on }
}

impl Transition {
    /// Every way there is. A client checks each of its transitions against this table when debug
    /// assertions are on; the diagram in docs/protocol.md is made from it.
    pub const ALL: [Self; 31] = {
        use Phase::{Closing, Connecting, Ended, Greeting, Idle, Leaving, Online, Waiting};
        [
            way(Idle, Connecting, "connect"),
            way(Idle, Waiting, "connect, over the pace"),
            way(Idle, Ended, "close"),
            way(Connecting, Connecting, "begun again on waking"),
            way(Connecting, Greeting, "open, hello said"),
            way(Connecting, Online, "open (plain)"),
            way(Connecting, Waiting, "failed, too slow, or let go"),
            way(Connecting, Ended, "close, or refused"),
            way(Greeting, Connecting, "begun again on waking"),
            way(Greeting, Online, "greeting"),
            way(Greeting, Waiting, "lost, too slow, or told to wait"),
            way(Greeting, Ended, "close, end, or refused"),
            way(Online, Online, "greeting on the connection moved to"),
            way(Online, Leaving, "the far end closes"),
            way(Online, Connecting, "lost while moving"),
            way(Online, Greeting, "lost while moving"),
            way(Online, Waiting, "lost, silent, drained, or let go"),
            way(Online, Closing, "close"),
            way(Online, Ended, "end, or closed for good"),
            way(Leaving, Online, "greeting on the connection moved to"),
            way(Leaving, Connecting, "lost while moving"),
            way(Leaving, Greeting, "lost while moving"),
            way(Leaving, Waiting, "closed"),
            way(Leaving, Closing, "close"),
            way(Leaving, Ended, "closed for good"),
            way(Waiting, Connecting, "the attempt is due"),
            way(Waiting, Waiting, "the attempt is moved"),
            way(Waiting, Ended, "close, or found out why"),
            way(Closing, Ended, "answered, lost, or too slow"),
            way(Ended, Connecting, "connect"),
            way(Ended, Waiting, "connect, over the pace"),
        ]
    };

    /// The table as a Mermaid state diagram.
    #[must_use]
    pub fn diagram() -> String {
        let mut diagram = String::from("stateDiagram-v2\n    [*] --> Idle\n");
        for Self { from, to, on } in Self::ALL {
            // Writing to a String never fails.
            let _ = writeln!(diagram, "    {from:?} --> {to:?}: {on}");
        }
        diagram
    }
}

impl Phase {
    pub(super) fn may_become(self, to: Self) -> bool {
        Transition::ALL.iter().any(|way| way.from == self && way.to == to)
    }
}
