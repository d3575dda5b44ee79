//! What a message says of itself, so that whoever reads it knows which one it is.

use keepline_core::Payload;

/// A client says its number and the message's id; a server the room as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) tab: usize,
    /// The session's serial number; 0 from a client.
    pub(crate) room: usize,
    pub(crate) id: u64,
}

/// A message of bytes is at least so long, a text twice as long.
pub(crate) const SHORTEST: usize = 10;

impl Word {
    /// The message, of this many bytes or the fewest there may be.
    pub(crate) fn payload(self, size: usize, as_text: bool) -> Payload {
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(&(self.tab as u16).to_be_bytes());
        bytes.extend_from_slice(&(self.room as u32).to_be_bytes());
        bytes.extend_from_slice(&(self.id as u32).to_be_bytes());
        if !as_text {
            bytes.resize(size.max(SHORTEST), self.id as u8);
            return Payload::Binary(bytes);
        }
        let mut text = String::with_capacity(size);
        for byte in bytes {
            text.extend([byte >> 4, byte & 15].map(|it| char::from(b'a' + it)));
        }
        text.extend(std::iter::repeat_n('"', size.saturating_sub(text.len())));
        Payload::Text(text)
    }

    pub(crate) fn read(payload: &Payload) -> Option<Self> {
        let head: [u8; SHORTEST] = match payload {
            Payload::Binary(bytes) => bytes.get(..SHORTEST)?.try_into().ok()?,
            Payload::Text(text) => {
                let digits = text.as_bytes().get(..2 * SHORTEST)?;
                std::array::from_fn(|it| (digits[2 * it] - b'a') << 4 | (digits[2 * it + 1] - b'a'))
            }
        };
        let number = |from: usize, to: usize| {
            head[from..to].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let (tab, room) = (number(0, 2) as usize, number(2, 6) as usize);
        Some(Self { tab, room, id: number(6, 10) })
    }
}
