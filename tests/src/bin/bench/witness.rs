//! Someone on a plain line without faults, who hears what a page says and speaks to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

const TICK: Duration = Duration::from_millis(5);

/// One of a broadcast; dropping it leaves.
pub(crate) struct Witness {
    line: SplitSink<Line, Message>,
    said: u32,
    heard: Heard,
    listening: AbortHandle,
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u32>>>);

impl Heard {
    fn numbers(&self) -> MutexGuard<'_, Vec<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness {
    pub(crate) async fn join(url: &str) -> anyhow::Result<Self> {
        let (line, _) = connect_async(url).await?;
        let (line, words) = line.split();
        let heard = Heard::default();
        let listening = tokio::spawn(listen(words, heard.clone())).abort_handle();
        Ok(Self { line, said: 0, heard, listening })
    }

    /// Says "down 1", "down 2", … at a steady rate for so long.
    pub(crate) async fn talk(&mut self, per_second: u32, lasts: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let passed = began.elapsed().min(lasts);
            let due = (passed.as_secs_f64() * f64::from(per_second)) as u32;
            while self.said < due {
                self.said += 1;
                self.line.send(Message::text(format!("down {}", self.said))).await?;
            }
            if passed == lasts {
                return Ok(());
            }
            sleep(TICK).await;
        }
    }

    /// The number of the last message said.
    pub(crate) fn said(&self) -> u32 {
        self.said
    }

    /// The numbers that the page has said, in the order in which they came.
    pub(crate) fn heard(&self) -> Vec<u32> {
        self.heard.numbers().clone()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(mut words: SplitStream<Line>, heard: Heard) {
    while let Some(Ok(message)) = words.next().await {
        if let Ok(text) = message.to_text()
            && let Some((_, number)) = text.split_once("up ")
            && let Ok(number) = number.parse()
        {
            heard.numbers().push(number);
        }
    }
}
