//! Rooms whose people have mailboxes: everything that one of them says reaches the others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::yield_now;

use crate::mailbox::{Mailbox, Slot, mailbox};
use crate::news::News;
use crate::options::Options;
use crate::rooms::{Joined, PersonId, PersonName, RoomName, Rooms};
use crate::socket::Message;

/// The rooms of one endpoint.
#[derive(Debug)]
pub(crate) struct Hall {
    rooms: Mutex<Rooms<Slot>>,
    news: fn(News<'_>) -> Option<Message>,
    mailbox_messages: usize,
    mailbox_bytes: usize,
}

impl Hall {
    /// A hall without rooms, which tells `news` in the words of its endpoint.
    pub(crate) fn new(options: &Options, news: fn(News<'_>) -> Option<Message>) -> Self {
        Self {
            rooms: Mutex::new(Rooms::new()),
            news,
            mailbox_messages: options.mailbox,
            mailbox_bytes: options.message_limit.saturating_mul(2),
        }
    }

    /// Takes a seat in a room, and tells the others.
    pub(crate) fn join(self: Arc<Self>, room: RoomName, wanted: &PersonName) -> Seat {
        let (slot, mailbox) = mailbox(self.mailbox_messages, self.mailbox_bytes);
        let mut rooms = self.rooms();
        let joined = rooms.join(&room, wanted, slot);
        if let Some(message) = (self.news)(News::Joined(&joined.name)) {
            self.tell(&mut rooms, &room, Some(joined.id), &message);
        }
        drop(rooms);
        let Joined { id, name, people } = joined;
        Seat { hall: self, room, id, name, people, mailbox, told: 0 }
    }

    fn tell(
        &self,
        rooms: &mut Rooms<Slot>,
        room: &RoomName,
        except: Option<PersonId>,
        message: &Message,
    ) {
        let mut left = rooms.reach(room, except, |slot| slot.post(message.clone()));
        // Those who were too slow are news too, which may be too much for the next.
        while let Some(name) = left.pop() {
            if let Some(message) = (self.news)(News::Left(&name)) {
                left.extend(rooms.reach(room, None, |slot| slot.post(message.clone())));
            }
        }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms<Slot>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One person's seat in a room. Dropping it leaves the room, and tells the others.
#[derive(Debug)]
pub(crate) struct Seat {
    hall: Arc<Hall>,
    room: RoomName,
    id: PersonId,
    /// The name that the others see.
    pub(crate) name: PersonName,
    /// Who was in the room at the time of joining, this person last.
    pub(crate) people: Vec<PersonName>,
    /// What the others say.
    pub(crate) mailbox: Mailbox,
    /// How much was said without the others having had their turn.
    told: usize,
}

impl Seat {
    pub(crate) async fn tell_others(&mut self, message: &Message) {
        self.hall.tell(&mut self.hall.rooms(), &self.room, Some(self.id), message);
        self.give_way().await;
    }

    /// Tells the whole room, this person included.
    pub(crate) async fn tell_everyone(&mut self, message: &Message) {
        self.hall.tell(&mut self.hall.rooms(), &self.room, None, message);
        self.give_way().await;
    }

    /// Who has much to say at once lets the others read in between: a mailbox that runs full while
    /// its owner had no turn tells nothing of how fast that one is.
    async fn give_way(&mut self) {
        self.told += 1;
        if self.told * 4 >= self.hall.mailbox_messages {
            self.told = 0;
            yield_now().await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rooms = self.hall.rooms();
        let left = rooms.leave(&self.room, self.id);
        if let Some(message) = left.and_then(|name| (self.hall.news)(News::Left(&name))) {
            self.hall.tell(&mut rooms, &self.room, None, &message);
        }
    }
}
