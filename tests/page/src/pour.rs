//! Sends many messages from within the page, which no driver could hand over one by one.

use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;

use crate::line::AnySocket;
use crate::log::Log;
use crate::request::{Payload, Pour};

/// How long a full outbox is given to empty a little.
const FULL_FOR_MS: u32 = 20;

/// Sends all of them, or as many as the line takes before it ends.
pub(crate) async fn pour(socket: Rc<dyn AnySocket>, pour: Pour, log: Log) {
    let Pour { count, batch, every_ms } = pour;
    for number in 1..=count {
        let Some(id) = send(socket.as_ref(), number).await else { return };
        log.poured(id);
        if number % batch == 0 {
            TimeoutFuture::new(every_ms).await;
        }
    }
}

/// Waits while the outbox is full; `None` when the line takes nothing any more.
async fn send(socket: &dyn AnySocket, number: u64) -> Option<u64> {
    loop {
        match socket.send(Payload::Text(format!("up {number}"))) {
            Ok(id) => return Some(id),
            Err(failure) if failure.kind.starts_with("Full") => {
                TimeoutFuture::new(FULL_FOR_MS).await;
            }
            Err(_) => return None,
        }
    }
}
