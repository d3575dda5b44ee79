//! A line's journal as JSON (RFC 8259), written by hand: the default build needs no serde for it.

use std::fmt::Write;
use std::time::Duration;

use keepline_core::{Event, Instant, Queued, Status};

use crate::journal::{Counters, Entry, Happening};

/// What is told of a line at one time.
pub(crate) struct Export<'a> {
    pub(crate) at: Instant,
    pub(crate) status: &'a Status,
    pub(crate) queued: Queued,
    pub(crate) counters: &'a Counters,
    pub(crate) journal: &'a [Entry],
}

impl Export<'_> {
    /// One object, in one line.
    pub(crate) fn json(&self) -> String {
        let mut json = String::new();
        json += r#"{"at_ms":"#;
        push_millis(&mut json, self.at.since_origin());
        push_member(&mut json, "status", self.status.name());
        push_member(&mut json, "text", &self.status.to_string());
        push_number(&mut json, "queued_messages", self.queued.messages as u64);
        push_number(&mut json, "queued_bytes", self.queued.bytes as u64);
        for (name, count) in self.counters.named() {
            push_number(&mut json, name, count);
        }
        json += r#","journal":["#;
        for (index, entry) in self.journal.iter().enumerate() {
            json += if index == 0 { "" } else { "," };
            push_entry(&mut json, entry);
        }
        json += "]}";
        json
    }
}

fn push_entry(json: &mut String, entry: &Entry) {
    *json += r#"{"at_ms":"#;
    push_millis(json, entry.at.since_origin());
    push_member(json, "what", entry.what.name());
    if let Happening::Event(Event::Status(status)) = &entry.what {
        push_member(json, "status", status.name());
    }
    push_member(json, "text", &entry.what.to_string());
    push_number(json, "bytes_sent", entry.bytes_sent);
    push_number(json, "bytes_received", entry.bytes_received);
    json.push('}');
}

fn push_millis(json: &mut String, duration: Duration) {
    let micros = duration.as_micros();
    let written = write!(json, "{}.{:03}", micros / 1_000, micros % 1_000);
    debug_assert!(written.is_ok(), "a string takes everything");
}

fn push_number(json: &mut String, name: &str, number: u64) {
    let written = write!(json, r#","{name}":{number}"#);
    debug_assert!(written.is_ok(), "a string takes everything");
}

fn push_member(json: &mut String, name: &str, text: &str) {
    json.push(',');
    push_text(json, name);
    json.push(':');
    push_text(json, text);
}

/// A string as RFC 8259 §7 has it: quotes, backslashes and control characters are escaped.
fn push_text(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\0'..='\x1f' => {
                let written = write!(json, "\\u{:04x}", u32::from(character));
                debug_assert!(written.is_ok(), "a string takes everything");
            }
            _ => json.push(character),
        }
    }
    json.push('"');
}

#[cfg(all(test, feature = "json"))]
mod tests {
    use keepline_core::{CloseCode, Closed, Down};

    use super::*;

    #[test]
    fn whatever_a_server_gives_as_its_reason_the_export_is_json() {
        let reason: String = ('\0'..='\u{ff}').chain(['\u{2028}', '🦀']).collect();
        let closed = Closed { code: CloseCode(4400), reason: reason.clone(), clean: true };
        let (why, at) = (Down::Closed(closed), Instant::from_origin(Duration::from_micros(1_002)));
        let status = Status::Waiting { why, attempt: 2, retry_at: at };
        let what = Happening::Event(Event::Status(status.clone()));
        let entry = Entry { at, what, bytes_sent: 1, bytes_received: 2, position: 0 };
        let export = Export {
            at,
            status: &status,
            queued: Queued { messages: 3, bytes: 4 },
            counters: &Counters { unknown: u64::MAX, ..Counters::default() },
            journal: &[entry.clone(), entry],
        };

        let read: serde_json::Value = serde_json::from_str(&export.json()).unwrap();

        assert_eq!(read["at_ms"], 1.002);
        assert_eq!((&read["queued_messages"], &read["unknown"]), (&3.into(), &u64::MAX.into()));
        let entry = &read["journal"][1];
        assert_eq!((&entry["what"], &entry["status"]), (&"status".into(), &"waiting".into()));
        assert!(entry["text"].as_str().unwrap().contains(&reason));
    }

    #[test]
    fn a_line_without_a_past_is_told_as_well() {
        let (status, counters) = (Status::Idle, Counters::default());
        let queued = Queued { messages: 0, bytes: 0 };
        let export = Export {
            at: Instant::ORIGIN,
            status: &status,
            queued,
            counters: &counters,
            journal: &[],
        };
        let read: serde_json::Value = serde_json::from_str(&export.json()).unwrap();
        assert_eq!(read["journal"], serde_json::json!([]));
    }
}
