//! Sends large messages as fast as the line takes them, and looks at the browser's buffer.

use std::rc::Rc;

use keepline::Monitor;

use crate::line::AnySocket;
use crate::log::Log;
use crate::request::{Payload, Upload};

/// Sends all of them, or as many as the line takes before it ends.
pub(crate) async fn upload(socket: Rc<dyn AnySocket>, upload: Upload, monitor: Monitor, log: Log) {
    let padding = "x".repeat(upload.bytes);
    for number in 1..=upload.count {
        if !socket.ready().await {
            return;
        }
        let Ok(id) = socket.send(Payload::Text(format!("{padding} {number}"))) else { return };
        log.poured(id);
        let (buffered, queued) = (monitor.buffered(), monitor.queued().messages as u64);
        log.note(|tally| {
            tally.most_buffered = tally.most_buffered.max(buffered);
            tally.most_queued = tally.most_queued.max(queued);
        });
    }
}
