//! Waiting for a condition, with a deadline and a name.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep};

/// How long anything may take that takes a second on an idle machine, the longest backoff included.
pub const PATIENCE: Duration = Duration::from_secs(45);

const BETWEEN_POLLS: Duration = Duration::from_millis(40);

/// Polls `condition` until it gives a value, and returns that.
///
/// # Errors
///
/// When `condition` fails, or gives nothing within `within`; the error names `what`.
pub async fn until<T>(
    what: &str,
    within: Duration,
    mut condition: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = condition().await? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("waited {within:?} in vain for {what}");
        }
        sleep(BETWEEN_POLLS).await;
    }
}
