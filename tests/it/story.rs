//! What any line's statuses must look like, whatever happens to it.

use anyhow::{bail, ensure};
use e2e_page::report::Status;

/// Checks that `statuses` is a story without a gap: it begins with the first attempt, every wait
/// is followed by the attempt that it named, and nothing follows the end.
///
/// # Errors
///
/// When one status cannot follow the one before it.
pub(crate) fn is_unbroken(statuses: &[Status]) -> anyhow::Result<()> {
    ensure!(
        matches!(statuses.first(), Some(Status::Connecting { attempt: 1 })),
        "the story does not begin with the first attempt: {statuses:#?}"
    );
    for pair in statuses.windows(2) {
        let [before, after] = pair else { bail!("a pair is two") };
        ensure!(may_follow(before, after), "{after:?} after {before:?}, in {statuses:#?}");
    }
    Ok(())
}

fn may_follow(before: &Status, after: &Status) -> bool {
    match before {
        Status::Idle => matches!(after, Status::Connecting { attempt: 1 }),
        Status::Connecting { attempt: failed } => match after {
            Status::Waiting { attempt, .. } => *attempt == failed + 1,
            Status::Online { .. } | Status::Closing | Status::Ended(_) => true,
            Status::Idle | Status::Connecting { .. } => false,
        },
        Status::Online { .. } => {
            matches!(after, Status::Waiting { .. } | Status::Closing | Status::Ended(_))
        }
        Status::Waiting { attempt: announced, .. } => match after {
            Status::Connecting { attempt } => attempt == announced,
            // The attempt is moved: the page woke, or the network went.
            Status::Waiting { .. } | Status::Ended(_) => true,
            Status::Idle | Status::Online { .. } | Status::Closing => false,
        },
        Status::Closing => matches!(after, Status::Ended(_)),
        Status::Ended(_) => false,
    }
}
