//! One direction of a connection through the proxy: what is read goes into a bounded queue, and
//! leaves it when latency, rate and stalls allow.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::Weather;

/// The largest part that is read at once, in bytes.
const PART: usize = 4 * 1024;
/// How many parts may be on their way.
const PARTS: usize = 256;
/// A slow line lets bytes through this many times a second, if it is not slower than that.
const STEPS_A_SECOND: u32 = 50;
/// How far a line that was given nothing, or whose alarm rang late, may catch up.
const CATCH_UP: Duration = Duration::from_millis(100);

/// Bytes on their way; none are the end of the stream.
struct Part {
    due: Instant,
    bytes: Vec<u8>,
}

/// Passes bytes on until they end, and the end as well.
///
/// # Errors
///
/// When one side has reset the connection.
pub(super) async fn pass(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    weather: &watch::Receiver<Weather>,
) -> io::Result<()> {
    let (queue, queued) = mpsc::channel(PARTS);
    tokio::try_join!(take(from, queue, weather.clone()), give(queued, to, weather.clone()))?;
    Ok(())
}

/// Reads until the end, and throws everything away.
pub(super) async fn drain(from: &mut (impl AsyncRead + Unpin)) {
    let mut bytes = vec![0; PART];
    while from.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
}

/// Waits until nothing is stalled.
pub(super) async fn calm(weather: &mut watch::Receiver<Weather>) {
    // It fails when the proxy is gone, and then this connection is ended by its task.
    let _ = weather.wait_for(|weather| weather.stall.is_none()).await;
}

async fn take(
    mut from: impl AsyncRead + Unpin,
    queue: mpsc::Sender<Part>,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    loop {
        calm(&mut weather).await;
        let mut bytes = vec![0; PART];
        let read = from.read(&mut bytes).await?;
        bytes.truncate(read);
        let due = Instant::now() + weather.borrow().latency;
        let sent = queue.send(Part { due, bytes }).await;
        if sent.is_err() || read == 0 {
            return Ok(());
        }
    }
}

async fn give(
    mut queued: mpsc::Receiver<Part>,
    mut to: impl AsyncWrite + Unpin,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let mut pace = Pace { free: Instant::now() };
    while let Some(part) = queued.recv().await {
        sleep_until(part.due).await;
        let mut rest = part.bytes.as_slice();
        while !rest.is_empty() {
            let step = pace.step(rest.len(), &weather).await;
            calm(&mut weather).await;
            to.write_all(&rest[..step]).await?;
            rest = &rest[step..];
        }
        if part.bytes.is_empty() {
            calm(&mut weather).await;
            to.shutdown().await?;
        }
    }
    Ok(())
}

/// When the line may be given more.
struct Pace {
    free: Instant,
}

impl Pace {
    /// Waits until more may be given, and says how much of the `rest`.
    async fn step(&mut self, rest: usize, weather: &watch::Receiver<Weather>) -> usize {
        sleep_until(self.free).await;
        let Some(rate) = weather.borrow().rate else { return rest };
        let step = rest.min((rate / STEPS_A_SECOND).max(1) as usize);
        let due = self.free.max(Instant::now() - CATCH_UP);
        self.free = due + Duration::from_secs_f64(step as f64 / f64::from(rate));
        step
    }
}
