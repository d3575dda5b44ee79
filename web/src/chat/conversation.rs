//! What was said in a room, who is there, and what became of one's own messages.

use std::collections::VecDeque;

use keepline::{MessageId, MessageIds};
use keepline_demo::ChatEvent;
use yew::AttrValue;

use crate::clock::Moment;

/// The room as this page has seen it: the last [`Conversation::MOST_ENTRIES`] entries, and at
/// most [`Conversation::MOST_PEOPLE`] people.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conversation {
    me: AttrValue,
    entries: VecDeque<Entry>,
    people: Vec<AttrValue>,
    welcomes: u32,
    next_number: u64,
    /// Messages below this entry went over an earlier socket, which numbered them its own way.
    line_starts: u64,
}

/// One thing that was said or happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Rises by one with each entry.
    pub(crate) number: u64,
    pub(crate) at: Moment,
    pub(crate) what: What,
}

/// What an entry tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// Somebody else said something.
    Said {
        name: AttrValue,
        text: AttrValue,
    },
    /// This page said something.
    Mine {
        text: AttrValue,
        id: MessageId,
        fate: Fate,
    },
    /// This page entered the room, which had this many people then.
    Entered {
        people: usize,
    },
    /// This page came back after the line was lost.
    Returned,
    Joined(AttrValue),
    Left(AttrValue),
    /// Something went wrong, in words for the reader.
    Trouble(AttrValue),
}

/// What is known of a message that this page said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits for a line.
    Queued,
    /// It was handed to the socket.
    Sent,
    /// Its socket was lost: it arrived or it did not.
    Unknown,
    /// It certainly did not arrive.
    NeverSent,
}

impl Conversation {
    pub(crate) const MOST_ENTRIES: usize = 500;
    pub(crate) const MOST_PEOPLE: usize = 1_000;

    /// A conversation in which this page wants to go by the name of `me`.
    pub(crate) fn new(me: AttrValue) -> Self {
        Self {
            me,
            entries: VecDeque::new(),
            people: Vec::new(),
            welcomes: 0,
            next_number: 0,
            line_starts: 0,
        }
    }

    /// The name that this page goes by: the wanted one, or what the server made of it because
    /// somebody else has that.
    pub(crate) const fn me(&self) -> &AttrValue {
        &self.me
    }

    /// From the oldest to the newest.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Who is in the room, this page included, in the order of joining.
    pub(crate) fn people(&self) -> &[AttrValue] {
        &self.people
    }

    /// Takes in what the server said.
    pub(crate) fn hear(&mut self, event: ChatEvent, now: Moment) {
        match event {
            ChatEvent::Welcome { you, people, .. } => {
                self.me = you.into();
                self.welcome(people, now);
            }
            ChatEvent::Joined { name } => self.joined(name.into(), now),
            ChatEvent::Left { name } => self.left(name.into(), now),
            ChatEvent::Said { name, text, timestamp } => {
                let what = What::Said { name: name.into(), text: text.into() };
                self.push(Moment::from_seconds(timestamp), what);
            }
            ChatEvent::Error { message } => {
                self.trouble(format!("The server says: {message}"), now);
            }
            // The probe's answer is the SDK's business.
            ChatEvent::Pong => {}
        }
    }

    /// Shows what this page said: the server tells it only to the others.
    pub(crate) fn say(&mut self, text: String, id: MessageId, now: Moment) {
        let what = What::Mine { text: text.into(), id, fate: Fate::Queued };
        self.push(now, what);
    }

    /// The line is up and `queued` messages still wait: all that were said before them are sent.
    pub(crate) fn settle(&mut self, queued: usize) {
        let fates = self.fates().rev().skip(queued).map(|(_, fate)| fate);
        fates.filter(|fate| **fate == Fate::Queued).for_each(|fate| *fate = Fate::Sent);
    }

    /// The SDK tells what became of `ids`.
    pub(crate) fn resolve(&mut self, ids: MessageIds, became: Fate) {
        let told = self.fates().filter(|(id, _)| ids.contains(*id));
        told.for_each(|(_, fate)| *fate = became);
    }

    /// Another socket takes over: what still waited will not be sent, and ids start afresh.
    pub(crate) fn change_line(&mut self) {
        let waiting = self.fates().filter(|(_, fate)| **fate == Fate::Queued);
        waiting.for_each(|(_, fate)| *fate = Fate::NeverSent);
        self.line_starts = self.next_number;
    }

    /// Notes that something went wrong.
    pub(crate) fn trouble(&mut self, words: String, now: Moment) {
        self.push(now, What::Trouble(words.into()));
    }

    /// Whether this page is in the room, and nobody has said anything yet.
    pub(crate) fn is_silent(&self) -> bool {
        self.welcomes > 0
            && !self
                .entries
                .iter()
                .any(|entry| matches!(entry.what, What::Said { .. } | What::Mine { .. }))
    }

    /// Whether any message still waits for a line.
    pub(crate) fn waits(&self) -> bool {
        self.entries.iter().any(|entry| match entry.what {
            What::Mine { fate, .. } => fate == Fate::Queued,
            What::Said { .. }
            | What::Entered { .. }
            | What::Returned
            | What::Joined(_)
            | What::Left(_)
            | What::Trouble(_) => false,
        })
    }

    fn welcome(&mut self, people: Vec<String>, now: Moment) {
        let people = people.into_iter().take(Self::MOST_PEOPLE);
        self.people = people.map(AttrValue::from).collect();
        self.welcomes += 1;
        match self.welcomes {
            1 => self.push(now, What::Entered { people: self.people.len() }),
            _ => self.push(now, What::Returned),
        }
    }

    fn joined(&mut self, name: AttrValue, now: Moment) {
        if self.people.len() < Self::MOST_PEOPLE {
            self.people.push(name.clone());
        }
        self.push(now, What::Joined(name));
    }

    fn left(&mut self, name: AttrValue, now: Moment) {
        // Two people may share a name: one of them left.
        if let Some(index) = self.people.iter().position(|person| *person == name) {
            self.people.remove(index);
        }
        self.push(now, What::Left(name));
    }

    fn push(&mut self, at: Moment, what: What) {
        if self.entries.len() == Self::MOST_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { number: self.next_number, at, what });
        self.next_number += 1;
    }

    /// The fates of this page's messages on the present line, in the order of sending.
    fn fates(&mut self) -> impl DoubleEndedIterator<Item = (MessageId, &mut Fate)> {
        let line_starts = self.line_starts;
        let present = self.entries.iter_mut().filter(move |entry| entry.number >= line_starts);
        present.filter_map(|entry| match &mut entry.what {
            What::Mine { id, fate, .. } => Some((*id, fate)),
            What::Said { .. }
            | What::Entered { .. }
            | What::Returned
            | What::Joined(_)
            | What::Left(_)
            | What::Trouble(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Moment {
        Moment::default()
    }

    fn welcome(people: &[&str]) -> ChatEvent {
        let people = people.iter().map(ToString::to_string).collect();
        ChatEvent::Welcome { room: "lobby".to_owned(), you: "Ada".to_owned(), people }
    }

    /// Ada in the lobby, having said `count` things.
    fn after_saying(count: u64) -> Conversation {
        let mut conversation = Conversation::new("Ada".into());
        conversation.hear(welcome(&["Ada"]), now());
        for id in 1..=count {
            conversation.say(format!("message {id}"), MessageId(id), now());
        }
        conversation
    }

    fn fates(mut conversation: Conversation) -> Vec<Fate> {
        conversation.fates().map(|(_, fate)| *fate).collect()
    }

    fn ids(first: u64, last: u64) -> MessageIds {
        MessageIds { first: MessageId(first), last: MessageId(last) }
    }

    #[test]
    fn what_left_the_outbox_is_sent_and_the_rest_still_waits() {
        let mut conversation = after_saying(3);
        conversation.settle(1);
        assert!(conversation.waits());
        assert_eq!(fates(conversation), [Fate::Sent, Fate::Sent, Fate::Queued]);
    }

    #[test]
    fn a_message_whose_socket_was_lost_stays_in_doubt_when_the_line_is_back() {
        let mut conversation = after_saying(3);
        conversation.settle(0);
        conversation.resolve(ids(2, 2), Fate::Unknown);
        conversation.settle(0);
        assert!(!conversation.waits());
        assert_eq!(fates(conversation), [Fate::Sent, Fate::Unknown, Fate::Sent]);
    }

    #[test]
    fn a_new_socket_does_not_speak_about_the_messages_of_the_old_one() {
        let mut conversation = after_saying(2);
        conversation.change_line();
        conversation.say("again".to_owned(), MessageId(1), now());
        conversation.resolve(ids(1, 2), Fate::Unknown);
        let all: Vec<_> = conversation.entries().filter_map(fate).collect();
        assert_eq!(all, [Fate::NeverSent, Fate::NeverSent, Fate::Unknown]);
    }

    fn fate(entry: &Entry) -> Option<Fate> {
        if let What::Mine { fate, .. } = entry.what { Some(fate) } else { None }
    }

    #[test]
    fn one_of_two_people_of_the_same_name_leaves() {
        let mut conversation = Conversation::new("Ada".into());
        conversation.hear(welcome(&["Ada", "Bob"]), now());
        conversation.hear(ChatEvent::Joined { name: "Bob".to_owned() }, now());
        conversation.hear(ChatEvent::Left { name: "Bob".to_owned() }, now());
        assert_eq!(conversation.people(), ["Ada", "Bob"]);
        conversation.hear(ChatEvent::Left { name: "nobody".to_owned() }, now());
        assert_eq!(conversation.people(), ["Ada", "Bob"]);
    }

    #[test]
    fn a_name_that_somebody_else_has_is_what_the_server_makes_of_it() {
        let mut conversation = Conversation::new("Ada".into());
        assert_eq!(conversation.me(), "Ada");
        let people = vec!["Ada".to_owned(), "Ada (2)".to_owned()];
        let (room, you) = ("lobby".to_owned(), "Ada (2)".to_owned());
        conversation.hear(ChatEvent::Welcome { room, you, people }, now());
        assert_eq!(conversation.me(), "Ada (2)");
    }

    #[test]
    fn coming_back_replaces_who_is_here_and_keeps_what_was_said() {
        let mut conversation = after_saying(1);
        conversation.hear(welcome(&["Bob", "Ada"]), now());
        assert_eq!(conversation.people(), ["Bob", "Ada"]);
        assert_eq!(conversation.entries().last().unwrap().what, What::Returned);
        assert_eq!(conversation.entries().count(), 3);
    }

    #[test]
    fn a_busy_room_does_not_fill_the_memory() {
        let mut conversation = Conversation::new("Ada".into());
        for _ in 0..2_000 {
            conversation.hear(ChatEvent::Joined { name: "Bob".to_owned() }, now());
        }
        assert_eq!(conversation.entries().count(), Conversation::MOST_ENTRIES);
        assert_eq!(conversation.people().len(), Conversation::MOST_PEOPLE);
        assert_eq!(conversation.entries().next().unwrap().number, 1_500);
    }
}
