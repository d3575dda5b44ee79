//! The options of `ts/numbers.ts` against what the core makes of them.

use super::*;

/// The table `SETTINGS` of `ts/numbers.ts`, in its order: names and defaults.
fn table() -> Vec<(&'static str, f64)> {
    let text = include_str!("../../ts/numbers.ts");
    let (_, rest) = text.split_once("SETTINGS = {\n").expect("there is such a table");
    let (body, _) = rest.split_once('}').expect("it ends");
    let lines = body.lines().map(|line| line.trim().trim_end_matches(','));
    let pairs = lines.filter(|line| !line.is_empty()).map(|line| {
        let (name, value) = line.split_once(": ").expect("each line is a name and a number");
        (name, value.replace('_', "").parse().expect("it is a number"))
    });
    pairs.collect()
}

/// All that a line is told by these places and values.
fn told(pairs: &[(usize, f64)]) -> String {
    let mut settings = Settings::default();
    for (place, value) in pairs {
        settings.set(*place as u32, *value);
    }
    format!("{:?} {:?}", settings.config, settings.window)
}

#[test]
fn an_option_that_is_not_given_is_compared_as_what_the_core_makes_of_it() {
    let defaults = told(&[]);
    for (place, (name, value)) in table().into_iter().enumerate() {
        assert_eq!(told(&[(place, value)]), defaults, "{name} has another default in the core");
        assert_ne!(told(&[(place, value + 1.0)]), defaults, "{name} tells the core nothing");
    }
}

#[test]
fn the_switches_follow_the_options() {
    let text = include_str!("../../ts/numbers.ts");
    assert!(text.contains(&format!("  Provider = {},\n", table().len())));
}
