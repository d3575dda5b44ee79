//! The stream of readings that this page watches.

mod chart;
mod ring;
mod scale;
mod surface;
mod view;

use std::rc::Rc;

use keepline::{BuildError, Event, ReceiveError, Socket};
use keepline_demo::Sample;
use yew::Callback;

use crate::clock::Moment;
use crate::line::{self, Line};
use crate::place::Hz;
use ring::{Rate, Ring};

pub(crate) use view::stream_view;

/// The line to the stream and what came over it. Dropping it closes the line.
pub(crate) struct Stream {
    pub(crate) hz: Hz,
    pub(crate) line: Line,
    /// Shared with the chart, which draws it at the browser's next frame.
    ring: Rc<Ring>,
    rate: Rate,
}

/// What a stream has to deal with.
pub(crate) enum StreamAction {
    /// This arrived from the server.
    Received(Result<Sample, ReceiveError>),
    /// This happened to the line.
    Happened(Event),
}

impl Stream {
    /// Opens the stream at `hz` readings a second. Whatever is given to `act` belongs into
    /// [`Stream::act`].
    pub(crate) fn open(hz: Hz, act: &Callback<StreamAction>) -> Result<Self, BuildError> {
        // Nothing but heartbeat probes is sent on this line.
        let socket: Socket<(), Sample> = Socket::builder("/stream")
            .query("hz", &hz.get().to_string())
            .heartbeat(line::heartbeat())
            .diagnosis()
            .connect()?;
        let received = act.reform(StreamAction::Received);
        let line = Line::new(socket, received, act.reform(StreamAction::Happened));
        Ok(Self { hz, line, ring: Rc::default(), rate: Rate::default() })
    }

    /// Continues the curve of `former`, if there was one.
    pub(crate) fn continuing(mut self, former: Option<Self>) -> Self {
        self.ring = former.map(|former| former.ring).unwrap_or_default();
        self
    }

    /// The one door: everything that changes a stream comes through here.
    pub(crate) fn act(&mut self, action: StreamAction) {
        match action {
            StreamAction::Received(item) => self.receive(item.ok()),
            StreamAction::Happened(event) => self.line.record(event),
        }
    }

    /// A message that is no reading leaves a gap in the curve; the next reading is not far.
    fn receive(&mut self, sample: Option<Sample>) {
        let now = Moment::now();
        self.rate.arrived(now.millis());
        if let Some(sample) = sample {
            Rc::make_mut(&mut self.ring).push(sample, now);
        }
    }
}
