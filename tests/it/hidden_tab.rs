//! A hidden tab, as `cargo xtask soak hidden-tab` has it for ten minutes.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::hidden_tab::{THROTTLED_SOON, watch};

in_each_engine!(the_lines_of_a_hidden_tab_stay_up_with_their_heartbeats_in_time);

async fn the_lines_of_a_hidden_tab_stay_up_with_their_heartbeats_in_time(
    engine: Engine,
) -> anyhow::Result<()> {
    let report = watch(engine, Duration::from_secs(80), &[THROTTLED_SOON]).await?;

    println!("{engine:?}: {report}");
    let held_back = match engine {
        Engine::Chromium => Duration::from_secs(20),
        Engine::Firefox | Engine::WebKit => Duration::from_millis(1_500),
    };
    // Else nothing was shown: the browser has to hold the page's timers back.
    assert!(report.timers > held_back, "{report}");
    report.is_good()
}
