//! What an endpoint needs of whoever it talks to: a plain socket, or a session that outlives it.

use crate::close::Ending;
use crate::socket::Message;

/// Someone to talk to.
pub(crate) trait Talk: Send {
    /// The next message from the client. Cancelling loses nothing.
    fn recv(&mut self) -> impl Future<Output = Result<Message, Ending>> + Send;

    /// Sends a message.
    fn send(&mut self, message: Message) -> impl Future<Output = Result<(), Ending>> + Send;
}
