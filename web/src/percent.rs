//! Percent-encoding (RFC 3986 §2.1) of what goes into a path segment or a query.

use std::fmt::Write;

/// `text` with everything encoded but the unreserved characters of RFC 3986 §2.3.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The text that `encoded` stands for. What is not valid encoding stands for itself, and what is
/// not UTF-8 becomes replacement characters: people edit addresses by hand.
pub(crate) fn decode(encoded: &str) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = decoded_byte(first, after);
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn decoded_byte(first: u8, after: &[u8]) -> (u8, &[u8]) {
    let hex = |digit: u8| char::from(digit).to_digit(16);
    if let (b'%', [high, low, beyond @ ..]) = (first, after)
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        && let Ok(byte) = u8::try_from(high * 16 + low)
    {
        return (byte, beyond);
    }
    (first, after)
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
