//! A hidden tab, as `cargo xtask soak hidden-tab` has it for ten minutes.

use std::time::Duration;

use e2e::hidden_tab::{THROTTLED_SOON, watch};

#[tokio::test]
async fn the_lines_of_a_hidden_tab_stay_up_with_their_heartbeats_in_time() -> anyhow::Result<()> {
    let report = watch(Duration::from_secs(80), &[THROTTLED_SOON]).await?;

    println!("{report}");
    // Else nothing was shown: the browser has to hold the page's timers back.
    assert!(report.timers > Duration::from_secs(20), "{report}");
    report.is_good()
}
