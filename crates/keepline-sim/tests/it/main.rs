//! The simulator itself: it tells the same story twice, and its storms are real.

use keepline_sim::{Happened, Log, explore, judge, sail};

#[test]
fn the_same_seed_tells_the_same_story_to_the_last_line() {
    for seed in 1..=8 {
        let logs = [Log::default(), Log::default()];
        let [one, two] = logs.each_ref().map(|log| judge(seed, Some(log.clone())));
        assert_eq!((one.hash, one.steps), (two.hash, two.steps));
        assert!(one.steps > 0);
        assert_eq!(logs[0].borrow().as_slice(), logs[1].borrow().as_slice());
    }
}

#[test]
fn a_log_changes_nothing_of_what_happens() {
    for seed in 1..=8 {
        assert_eq!(judge(seed, None).hash, judge(seed, Some(Log::default())).hash);
    }
}

/// Its timers sleep, so that it looks again with each message that comes.
#[test]
fn a_hidden_tab_with_a_full_uplink_empties_its_outbox() {
    let judged = sail(&[651_530_675_148], false, false);
    assert!(judged.violations.is_empty(), "{:?}", judged.violations);
}

#[test]
fn a_few_storms_hold_and_see_every_kind_of_weather() {
    let seeds: Vec<u64> = (1..=100).collect();
    let totals = sail(&seeds, false, false);
    assert!(totals.violations.is_empty(), "{:?}", totals.violations);
    for weather in [
        Happened::Cut,
        Happened::Stall,
        Happened::Delay,
        Happened::FrameLost,
        Happened::HandshakeLost,
        Happened::Refused,
        Happened::Restart,
        Happened::ServerEnd,
        Happened::Bye,
        Happened::GoAway,
        Happened::Drain,
        Happened::Sleep,
        Happened::AppEnd,
        Happened::Renew,
        Happened::Full,
        Happened::GivenUp,
        Happened::Woke,
        Happened::Suspended,
        Happened::Left,
        Happened::Offline,
    ] {
        assert!(totals.counts.get(&weather).is_some_and(|times| *times > 0), "{weather:?}");
    }
    assert!(totals.fates.iter().all(|fates| *fates > 0), "{:?}", totals.fates);
}

#[test]
fn small_worlds_converge() {
    let explored = explore(4);
    assert!(explored.violation.is_none(), "{explored}");
}
