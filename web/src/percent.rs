//! Percent-encoding (RFC 3986 §2.1) of what goes into a path segment or a query.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986 §2.3.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text`, so that it is one path segment or one value of a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}

/// The text that `encoded` stands for. What is not valid encoding stands for itself, and what is
/// not UTF-8 becomes replacement characters: people edit addresses by hand.
pub(crate) fn decode(encoded: &str) -> String {
    percent_decode_str(encoded).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_survives_the_round_trip() {
        for text in ["", "lobby", "a/b?c#d", "../..", "50 %", "Gödel, 東京 🎈", "%41"] {
            assert_eq!(decode(&encode(text)), text);
        }
    }

    #[test]
    fn a_path_segment_never_holds_a_separator() {
        let encoded = encode("../a?b#c&d=e\\f g");
        assert!(!encoded.contains(['/', '?', '#', '&', '=', '\\', ' ']), "{encoded}");
    }

    #[test]
    fn encoding_that_is_not_valid_stands_for_itself() {
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%g1%2"), "%g1%2");
        assert_eq!(decode("%FF"), "\u{fffd}");
    }
}
