//! What a name may be made of.

/// Whether no name may have `character`: it has no shape but changes how its neighbours look, or
/// it is the mark of bytes that were not UTF-8. The joiners stay: Persian names and many emoji
/// need them.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    let is_mark = matches!(character, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fffd}');
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2066}'..='\u{2069}');
    is_mark || turns || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_in_no_name() {
        let marks = "\0\n\u{7f}\u{200b}\u{200e}\u{202e}\u{2028}\u{2060}\u{2069}\u{feff}\u{fffd}";
        assert!(marks.chars().all(is_invisible));
    }

    #[test]
    fn a_name_of_any_script_is_all_visible() {
        let names = "Ada Zoë علی\u{200c}رضا שלום 雪 👩\u{200d}👩\u{200d}👧 <b>";
        assert!(!names.chars().any(is_invisible));
    }
}
