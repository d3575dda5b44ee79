//! A crowd of messages, each of which is answered with another.

use super::AnySocket;
use crate::log::Log;
use crate::report::Entry;
use crate::request::{CLOSES, CROWDS, HOPPERS, HOPS, LEAVES, Payload};

/// How many answers are gathered, at least, when a crowd that is to be left is left.
const GATHERED: u64 = 2;

/// Answers what begins a crowd, and each hop of one.
pub(super) fn answer(socket: &impl AnySocket, heard: &Entry, log: &Log) {
    let Entry::Message(Payload::Text(text)) = heard else { return };
    let (rest, number) = text.rsplit_once(' ').unwrap_or((text, ""));
    if let Some(manner) = text.strip_prefix(CROWDS) {
        (1..=HOPPERS).for_each(|number| say(socket, manner, number, log));
    } else if let (Some(manner), Ok(number)) = (rest.strip_prefix("hop"), number.parse::<u64>())
        && number <= HOPS
    {
        say(socket, manner, number + HOPPERS, log);
        let queued = socket.queued();
        log.note(|tally| tally.most_queued = tally.most_queued.max(queued));
        if number > HOPS / 2 && queued >= GATHERED {
            part(socket, manner.trim_start());
        }
    }
}

/// A line that is left takes no more of them.
fn say(socket: &impl AnySocket, manner: &str, number: u64, log: &Log) {
    if socket.send(Payload::Text(format!("hop{manner} {number}"))).is_ok() {
        log.note(|tally| tally.hopped += 1);
    }
}

fn part(socket: &impl AnySocket, manner: &str) {
    match manner {
        LEAVES => socket.drop_socket(),
        // It may be closed already.
        CLOSES => drop(socket.close(1000, "")),
        _ => {}
    }
}
