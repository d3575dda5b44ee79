//! The diagram in the specification is the table that the code checks.

use keepline_core::Transition;

#[test]
fn the_specification_shows_every_way_from_state_to_state() {
    let protocol = include_str!("../../../../../docs/protocol.md");
    let (_, after) = protocol.split_once("<!-- states -->").unwrap();
    let (shown, _) = after.split_once("<!-- /states -->").unwrap();
    assert_eq!(shown, format!("\n```mermaid\n{}```\n", Transition::diagram()));
}
