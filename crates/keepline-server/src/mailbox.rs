//! What waits to be sent to one reader: bounded in messages and in bytes.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::close::Close;
use crate::socket::Message;

/// Makes a mailbox for `messages` messages of `bytes` bytes together.
pub(crate) fn mailbox(messages: usize, bytes: usize) -> (Slot, Mailbox) {
    let (letters, waiting) = mpsc::channel(messages);
    let room = Arc::new(Semaphore::new(bytes));
    (Slot { letters, room, bytes }, Mailbox { waiting })
}

/// Where others put messages in. Dropping it tells the reader that it was too slow.
#[derive(Debug)]
pub(crate) struct Slot {
    letters: mpsc::Sender<Letter>,
    room: Arc<Semaphore>,
    bytes: usize,
}

impl Slot {
    /// Puts a message in; `false` if there is no room for it.
    ///
    /// A message that is larger than the whole mailbox fits into an empty one.
    pub(crate) fn post(&self, message: Message) -> bool {
        let size = message.len().min(self.bytes);
        let permits = u32::try_from(size).unwrap_or(u32::MAX);
        match Arc::clone(&self.room).try_acquire_many_owned(permits) {
            Ok(room) => self.letters.try_send(Letter { message, _room: room }).is_ok(),
            Err(_full) => false,
        }
    }
}

/// Where the reader takes messages out.
#[derive(Debug)]
pub(crate) struct Mailbox {
    waiting: mpsc::Receiver<Letter>,
}

impl Mailbox {
    /// The next message, as soon as there is one. Cancelling loses nothing.
    ///
    /// # Errors
    /// The mailbox ran full and lost its slot. What still waits in it is dropped: the reader has a
    /// gap already, and the sooner it hears of it the better.
    pub(crate) async fn next(&mut self) -> Result<Message, Close> {
        match self.waiting.recv().await {
            Some(letter) if !self.waiting.is_closed() => Ok(letter.message),
            Some(_) | None => Err(Close::slow()),
        }
    }
}

#[derive(Debug)]
struct Letter {
    message: Message,
    _room: OwnedSemaphorePermit,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Message {
        Message::Text(text.into())
    }

    #[tokio::test]
    async fn messages_come_out_in_the_order_they_went_in() {
        let (slot, mut mailbox) = mailbox(2, 100);
        assert!(slot.post(text("one")) && slot.post(text("two")));
        assert_eq!(mailbox.next().await, Ok(text("one")));
        assert_eq!(mailbox.next().await, Ok(text("two")));
    }

    #[tokio::test]
    async fn it_is_full_by_count_or_by_bytes_and_has_room_again_when_read() {
        let (slot, mut mailbox) = mailbox(2, 10);
        assert!(slot.post(text("12345678")));
        assert!(!slot.post(text("123")));
        assert!(slot.post(text("12")));
        assert!(!slot.post(text("")));
        assert!(mailbox.next().await.is_ok());
        assert!(slot.post(text("123")));
    }

    #[test]
    fn a_message_larger_than_the_mailbox_fits_into_an_empty_one() {
        let (slot, _mailbox) = mailbox(2, 4);
        assert!(slot.post(text("too large for it")));
        assert!(!slot.post(text("1")));
    }

    #[tokio::test]
    async fn a_reader_whose_slot_was_taken_away_hears_that_it_was_too_slow() {
        let (slot, mut mailbox) = mailbox(2, 100);
        assert!(slot.post(text("never read")));
        drop(slot);
        assert_eq!(mailbox.next().await, Err(Close::slow()));
    }
}
