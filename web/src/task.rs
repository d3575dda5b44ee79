//! Background work that ends with its owner.

use std::future::Future;

use futures_util::future::{AbortHandle, abortable};
use yew::platform::spawn_local;

/// Work under way. Dropping it ends the work: not a step of it runs afterwards.
pub(crate) struct Task(AbortHandle);

impl Task {
    /// Starts `work`.
    pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) -> Self {
        let (work, handle) = abortable(work);
        spawn_local(async move {
            // An aborted task has nobody left to tell.
            let _aborted = work.await;
        });
        Self(handle)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
