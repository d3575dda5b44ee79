//! What an endpoint needs of whoever it talks to: a plain socket, or a session that outlives it.

use crate::close::Ending;
use crate::socket::Message;

/// Someone to talk to.
pub(crate) trait Talk: Send {
    /// The next message from the client. Cancelling loses nothing.
    fn recv(&mut self) -> impl Future<Output = Result<Message, Ending>> + Send;

    /// Sends a message.
    fn send(&mut self, message: Message) -> impl Future<Output = Result<(), Ending>> + Send;

    /// Passes on what somebody else has said. If it is too large for this client, that is what it
    /// hears: whoever may say more than others may hear must not end their conversations.
    fn relay(&mut self, message: Message) -> impl Future<Output = Result<(), Ending>> + Send {
        self.send(message)
    }
}
