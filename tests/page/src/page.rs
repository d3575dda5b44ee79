//! The one export: it does what the driver asks.

use serde::Serialize;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::cycle::Cycles;
use crate::line::Line;
use crate::report::Failure;
use crate::request::{LineId, Request};

/// All lines that were opened here; they end with it.
#[wasm_bindgen]
#[derive(Default)]
pub struct Page {
    lines: Vec<Line>,
    cycles: Cycles,
}

#[wasm_bindgen]
impl Page {
    /// A page without lines.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        keepline::close_on_panic();
        Self::default()
    }

    /// Does what a [`Request`] in JSON asks, and answers in JSON as it says there.
    ///
    /// # Errors
    ///
    /// When the request is none.
    pub fn perform(&mut self, request: &str) -> Result<String, JsError> {
        match serde_json::from_str(request)? {
            Request::Open { url, options } => {
                answer(&Line::open(&url, &options).map(|line| self.keep(line)))
            }
            Request::Send { line, payload } => {
                answer(&self.line(line).and_then(|line| line.send(payload)))
            }
            Request::Close { line, code, reason } => {
                answer(&self.line(line).and_then(|line| line.close(code, &reason)))
            }
            Request::Finish { line } => answer(&self.line(line).and_then(Line::finish)),
            Request::Drop { line } => answer(&self.line(line).map(Line::drop_socket)),
            Request::Pour { line, pour } => answer(&self.line(line).map(|line| line.pour(pour))),
            Request::Renew { line, credentials } => {
                answer(&self.line(line).and_then(|line| line.renew(credentials)))
            }
            Request::Upload { line, upload } => {
                answer(&self.line(line).map(|line| line.upload(upload)))
            }
            Request::Tally { line } => answer(&self.line(line).map(Line::tally)),
            Request::Cycle { url, options, cycle, count } => {
                self.cycles.start(url, *options, cycle, count);
                answer(&Ok(()))
            }
            Request::Weigh => answer(&Ok(self.cycles.weigh())),
            Request::Export { line } => answer(&self.line(line).map(Line::export)),
            #[allow(clippy::panic, reason = "the driver wants to see what becomes of the page")]
            Request::Panic { message } => panic!("{message}"),
            Request::Log { line } => answer(&self.line(line).map(Line::log)),
        }
    }

    fn keep(&mut self, line: Line) -> LineId {
        self.lines.push(line);
        self.lines.len() - 1
    }

    fn line(&self, id: LineId) -> Result<&Line, Failure> {
        self.lines.get(id).ok_or_else(|| Failure {
            kind: "NoSuchLine".to_owned(),
            message: format!("no line has the id {id}"),
        })
    }
}

fn answer<T: Serialize>(answer: &Result<T, Failure>) -> Result<String, JsError> {
    Ok(serde_json::to_string(answer)?)
}
