//! One connection of a session: carries frames between a socket and the keeper.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::response::Response;
use futures_util::future::{BoxFuture, FutureExt};
use keepline_core::ConnId;
use keepline_core::wire::{Coding, FrameLimits};
use tokio::select;

use super::desk::{Desk, message, payload};
use super::keeper::{Application, Keeper, Next};
use super::seat::Seat;
use crate::close::{Close, Ending};
use crate::socket::{Intake, Socket};
use crate::talk::Talk;
use crate::upgrade::Upgrade;

/// What a frame costs beside its payload, and a few pings.
const BESIDE_HELLO: usize = 1_024;

/// Opens a connection of the sessions of `scope`; `talk` is the application of those that begin
/// on it, and its outcome their end.
pub(crate) fn serve<T>(upgrade: Upgrade, scope: String, talk: T) -> Response
where
    T: for<'a> FnOnce(&'a mut Desk) -> BoxFuture<'a, Result<(), Ending>> + Send + 'static,
{
    open(upgrade, scope, |mut desk| async move {
        let outcome = talk(&mut desk).await;
        desk.finish(outcome);
    })
}

/// The same for an application that ends its session by itself, or by going away.
pub(crate) fn open<T, F>(upgrade: Upgrade, scope: String, talk: T) -> Response
where
    T: FnOnce(Desk) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let Some(coding) = upgrade.coding() else {
        let why = "offer the subprotocol keepline.v1 or keepline.v1.json";
        return upgrade.close(Close::bad_address(&why));
    };
    let (keeper, mut over) = (upgrade.server().keeper(), upgrade.server().stop_signal());
    let application: Application = Box::new(move |desk| {
        let application = async move {
            // A session without a connection would outlive the server else.
            select! {
                () = over.finished() => {}
                () = talk(desk) => {}
            }
        };
        // One that panics has left its desk, and ends its session, but not the connection.
        Box::pin(AssertUnwindSafe(application).catch_unwind().map(drop))
    });
    let message = upgrade.server().options().sessions.session_message;
    let intake = Intake {
        message: FrameLimits::for_messages(message as u64, coding).bytes,
        of_a_stranger: Some(FrameLimits::hello().bytes + BESIDE_HELLO),
    };
    upgrade.selecting(coding.subprotocol()).open_session(intake, move |socket| {
        Box::pin(async move { Line::open(keeper, coding, &scope, application).carry(socket).await })
    })
}

/// A connection as the keeper knows it. Dropping it tells the keeper that it is gone.
struct Line {
    keeper: Arc<Keeper>,
    conn: ConnId,
    seat: Arc<Seat>,
}

impl Line {
    fn open(keeper: Arc<Keeper>, coding: Coding, scope: &str, application: Application) -> Self {
        let (conn, seat) = keeper.opened(coding, scope, application);
        Self { keeper, conn, seat }
    }

    /// Carries frames, and runs the session's application meanwhile.
    async fn carry(self, socket: &mut Socket) -> Result<(), Ending> {
        let seat = Arc::clone(&self.seat);
        seat.run(self.carry_frames(socket)).await
    }

    async fn carry_frames(self, socket: &mut Socket) -> Result<(), Ending> {
        loop {
            let heard = select! {
                biased;
                // First what is to be said to what was just heard.
                () = self.seat.told() => match self.send_next(socket).await? {
                    false => continue,
                    true => {
                        self.seat.tell();
                        // To a slow client it takes long: what it says meanwhile is heard.
                        let Some(heard) = socket.recv().now_or_never() else { continue };
                        heard
                    }
                },
                heard = socket.recv() => heard,
            };
            match heard {
                Ok(heard) => {
                    self.keeper.received(self.conn, &payload(heard));
                    self.seat.give_way().await;
                }
                Err(ending @ Ending::TooLarge(_)) => {
                    self.keeper.too_large(self.conn);
                    while self.send_next(socket).await? {}
                    return Err(ending);
                }
                Err(ending) => return Err(self.last_words(socket, ending).await),
            }
        }
    }

    /// Sends a frame, if there is one; whether there may be more.
    async fn send_next(&self, socket: &mut Socket) -> Result<bool, Ending> {
        loop {
            match self.keeper.next_for(self.conn) {
                Next::Frame { frame, more } => {
                    socket.send(message(frame)).await?;
                    // It began with a greeting.
                    socket.trust();
                    return Ok(more);
                }
                Next::LastWord(frame) => socket.last_word(message(frame)).await?,
                Next::Close(code, reason) => return Err(Close::of_session(code.0, &reason).into()),
                Next::Nothing => return Ok(false),
            }
        }
    }

    /// What still is to be said on a socket that is about to close.
    async fn last_words(&self, socket: &mut Socket, ending: Ending) -> Ending {
        while let Next::Frame { frame, .. } | Next::LastWord(frame) =
            self.keeper.next_for(self.conn)
        {
            if socket.last_word(message(frame)).await.is_err() {
                break;
            }
        }
        ending
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.keeper.closed(self.conn);
    }
}
