//! Bugs are planted in the core, one after the other: each must be found.

use keepline_core::mutant::{Mutant, plant};
use keepline_sim::{Stopwatch, sail};

/// Within so many seeds.
const SEEDS: u64 = 200;

/// Any seeds will do. But a bug that shows in one storm of a hundred is missed by some two hundred
/// of them: a core that behaves differently may need others, so that CI tells the same each time.
const FIRST: u64 = 201;

/// Hunts for all of them; `true` if none survives.
pub(crate) fn hunt() -> bool {
    let watch = Stopwatch::start();
    let survivors: Vec<Mutant> = Mutant::ALL.iter().copied().filter(|it| survives(*it)).collect();
    plant(None);
    let (all, alive) = (Mutant::ALL.len(), survivors.len());
    println!(
        "{} of {all} planted bugs found in {:.1} s",
        all - alive,
        watch.elapsed().as_secs_f64()
    );
    let verdict = if alive == 0 { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {} passed; {alive} failed; 0 ignored", all - alive);
    alive == 0
}

fn survives(mutant: Mutant) -> bool {
    plant(Some(mutant));
    let seeds: Vec<u64> = (FIRST..FIRST + SEEDS).collect();
    let totals = sail(&seeds, true, false);
    match totals.violations.first_key_value() {
        Some((seed, violation)) => {
            let oracle = violation.oracle;
            println!("  {mutant:?}: found by {oracle:?} with seed {seed}");
        }
        None => println!("  {mutant:?}: SURVIVES {SEEDS} seeds"),
    }
    totals.violations.is_empty()
}
