//! One connection as the network knows it: two pipes, and what each end has heard of its end.

use std::collections::VecDeque;
use std::time::Duration;

use keepline_core::{Closed, ConnId, Instant, Payload};

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the server.
    Up,
    /// To the client.
    Down,
}

/// What is in a pipe.
#[derive(Debug)]
pub(crate) enum Item {
    /// A frame, and what the client is to know of it beside its content.
    Frame(Payload, Mark),
    Close(Closed),
}

/// What is special about a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    /// It greets from this room.
    pub(crate) greets: Option<usize>,
    /// Up to which number a room has taken what its client sent.
    pub(crate) taken: Option<(usize, u64)>,
    /// A bye, and after how long the client may come back.
    pub(crate) bye: Option<Option<Duration>>,
    pub(crate) moves: bool,
    pub(crate) drains: bool,
    /// It says nothing but messages and how far an end is.
    pub(crate) is_plain: bool,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    pub(crate) items: VecDeque<Item>,
    pub(crate) last: Instant,
    pub(crate) stalled: bool,
    /// Whatever goes in gets lost.
    pub(crate) swallows: bool,
    /// Nothing more goes in.
    pub(crate) shut: bool,
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) tab: usize,
    pub(crate) conn: ConnId,
    pub(crate) generation: usize,
    pub(crate) latency: Duration,
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    /// Each end has been told that it is over, or has said so itself.
    pub(crate) client_gone: bool,
    pub(crate) server_gone: bool,
    /// The server's end takes frames slowly.
    pub(crate) slow: bool,
    /// Something was wrong with it, or with the machine at its end.
    pub(crate) impaired: bool,
}

impl Link {
    pub(crate) const fn pipe(&mut self, way: Way) -> &mut Pipe {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }

    pub(crate) const fn gone(&mut self, way: Way) -> &mut bool {
        match way {
            Way::Up => &mut self.server_gone,
            Way::Down => &mut self.client_gone,
        }
    }

    pub(crate) const fn is_live(&self) -> bool {
        !self.client_gone && !self.server_gone
    }

    /// What the client's socket holds that the network has not taken.
    pub(crate) fn buffered(&self) -> u64 {
        let size = |item: &Item| match item {
            Item::Frame(frame, _) => frame.len() as u64,
            Item::Close(_) => 0,
        };
        self.up.items.iter().map(size).sum()
    }
}
