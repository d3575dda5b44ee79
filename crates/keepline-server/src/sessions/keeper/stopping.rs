//! How sessions end with their server.

use std::sync::Arc;
use std::time::Duration;

use keepline_core::CloseCode;
use keepline_core::wire::Return;
use tokio::time::timeout;

use super::{Keeper, Works};
use crate::sessions::inbox::Inbox;

impl Keeper {
    /// Lets clients end their sessions before the server takes them along, and then says goodbye.
    pub(crate) async fn drain(self: &Arc<Self>, within: Duration) {
        self.act(|works, now| works.core.go_away(false, within, now));
        self.until(within, |works| works.lines.is_empty()).await;
        self.act(|works, now| {
            let spread = works.core.spread();
            let again = Return { after: Duration::ZERO, spread };
            let code = CloseCode::GOING_AWAY;
            works.core.say_bye(code, Some(again), "the server is stopping", now);
            // What they have not taken by now was not taken.
            works.desks.values_mut().for_each(Inbox::end);
        });
    }

    /// Gives applications the time to see that it is over.
    pub(crate) async fn let_applications_end(&self, within: Duration) {
        self.until(within, |works| works.desks.is_empty()).await;
    }

    /// Waits until connections or applications have ended, for no longer than this.
    async fn until(&self, within: Duration, have_ended: impl Fn(&Works) -> bool) {
        let all_gone = async {
            while !have_ended(&self.works()) {
                self.fewer.notified().await;
            }
        };
        let _in_time = timeout(within, all_gone).await;
    }
}
