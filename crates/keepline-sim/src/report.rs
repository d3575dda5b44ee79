//! What people read after a run of many seeds.

use keepline_sim::{Log, Stopwatch, Totals, Violation, judge, sail};

/// So much of the log of a violation is shown.
const TAIL: usize = 40;

/// Runs these seeds and says how it went; `true` if all hold.
pub(crate) fn report(seeds: &[u64]) -> bool {
    let watch = Stopwatch::start();
    let totals = sail(seeds, false, true);
    let took = watch.elapsed().as_secs_f64();
    let Totals { seeds, steps, lasted, counts, fates, taken, violations } = &totals;
    let hours = lasted.as_secs() as f64 / 3_600.0;
    let rate = *seeds as f64 / took;
    println!("  {seeds} seeds in {took:.1} s, {rate:.0} a second; {steps} steps, {hours:.0} h");
    let [delivered, undeliverable, unknown] = fates;
    let [taken, twice] = taken;
    println!("  fates: {delivered} delivered, {undeliverable} undeliverable, {unknown} unknown");
    println!("  taken: {taken}, of which {twice} came again in a new epoch");
    for counts in counts.iter().collect::<Vec<_>>().chunks(6) {
        let words: Vec<_> =
            counts.iter().map(|(what, times)| format!("{what:?} {times}")).collect();
        println!("  {}", words.join(", "));
    }
    violations.iter().for_each(|(seed, violation)| show(*seed, violation));
    let failed = usize::from(!violations.is_empty());
    match failed {
        0 => println!("every seed holds\ntest result: ok. 1 passed; 0 failed; 0 ignored"),
        _ => println!("test result: FAILED. 0 passed; {failed} failed; 0 ignored"),
    }
    failed == 0
}

fn show(seed: u64, violation: &Violation) {
    let log = Log::default();
    let _ = judge(seed, Some(log.clone()));
    let lines = log.borrow();
    println!("\n  the last lines of seed {seed}:");
    lines[lines.len().saturating_sub(TAIL)..].iter().for_each(|line| println!("  {line}"));
    println!("  seed {seed}: {violation}\n  to replay it: cargo xtask sim --seed {seed}");
}
