//! Where applications run: with their session's connection, or by themselves while there is none.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::select;
use tokio::sync::Notify;

use super::Keeper;
use crate::sessions::inbox::Inbox;
use crate::sessions::seat::Running;

impl Keeper {
    /// Has an application run with its session's connection, or by itself while there is none.
    pub(in crate::sessions) fn settle(self: &Arc<Self>, running: Running) {
        let recalled = {
            let mut works = self.works();
            let conn = works.core.conn(running.key);
            if let Some(line) = conn.and_then(|conn| works.lines.get(&conn)) {
                return line.seat.take_in(running);
            }
            works.desks.get_mut(&running.key).map(Inbox::recall)
        };
        // Without a runtime, as one that is shutting down, nothing runs any more.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(Arc::clone(self).run_alone(running, recalled));
        }
    }

    /// Until there is a connection again; one whose session nobody can attach to runs to its end.
    async fn run_alone(self: Arc<Self>, mut running: Running, recalled: Option<Arc<Notify>>) {
        let Some(recalled) = recalled else { return running.application.await };
        let is_recalled = select! {
            () = &mut running.application => false,
            () = recalled.notified() => true,
        };
        if is_recalled {
            self.settle(running);
        }
    }
}
