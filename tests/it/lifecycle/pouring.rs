//! A page that pours messages into a session, and a witness of its connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use e2e::page::{Line, Page};
use e2e::proxy::Proxy;
use e2e::server::Server;
use e2e::wait::{PATIENCE, until};
use e2e_page::request::{Options, Pour};
use e2e_page::tally::{Runs, Tally};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

/// Six seconds of messages, in which a page can go through much; half a minute in a hidden page,
/// whose timers run once a second.
pub(super) const POUR: Pour = Pour { count: 600, batch: 20, every_ms: 200 };

/// Notes with each socket that opens how many are open then.
const COUNT_SOCKETS: &str = "
    const sockets = [];
    window.mostSockets = 0;
    window.WebSocket = class extends WebSocket {
        constructor(...given) {
            super(...given);
            sockets.push(this);
            this.addEventListener('open', () => {
                const open = sockets.filter(({ readyState }) => readyState === 1).length;
                window.mostSockets = Math.max(window.mostSockets, open);
            });
        }
    };
    return true";

/// A session through a proxy, with traffic both ways.
pub(super) struct Pouring<'page> {
    page: &'page Page,
    pub(super) line: Line<'page>,
    pub(super) proxy: Arc<Proxy>,
    most_open: Arc<AtomicUsize>,
    counting: AbortHandle,
    _server: Server,
}

impl<'page> Pouring<'page> {
    pub(super) async fn start(page: &'page Page) -> anyhow::Result<Self> {
        let server = Server::start().await?;
        let proxy = Arc::new(Proxy::start(server.port()).await?);
        page.run::<bool>(COUNT_SOCKETS, vec![]).await?;
        let line = page.open(&proxy.ws("/session/echo"), Options::session()).await?;
        let most_open = Arc::<AtomicUsize>::default();
        let counting = tokio::spawn(count(Arc::clone(&proxy), Arc::clone(&most_open)));
        line.pour(POUR).await?;
        line.adds_up("the first echoes", PATIENCE, |it| it.heard.count() > 10).await?;
        Ok(Self {
            page,
            line,
            proxy,
            most_open,
            counting: counting.abort_handle(),
            _server: server,
        })
    }

    /// Waits until the page has let its connection go.
    pub(super) async fn is_let_go(&self) -> anyhow::Result<()> {
        until(
            "the connection to end",
            PATIENCE,
            async || Ok((self.proxy.open() == 0).then_some(())),
        )
        .await
    }

    /// Waits until something is heard that was not heard before, and says how long that took.
    pub(super) async fn is_proven_after(&self, woke: Instant) -> anyhow::Result<Duration> {
        self.line
            .adds_up("the line to be proven", PATIENCE, |it| {
                it.losses.last().is_some_and(|loss| loss.heard_after_ms.is_some())
            })
            .await?;
        Ok(woke.elapsed())
    }

    /// Waits until more is heard than by now, and says how long that took.
    pub(super) async fn hears_more(&self) -> anyhow::Result<Duration> {
        let (since, heard) = (Instant::now(), self.line.tally().await?.heard.count());
        self.line.adds_up("more to be heard", PATIENCE, |it| it.heard.count() > heard).await?;
        Ok(since.elapsed())
    }

    /// Waits until all is heard, and looks whether each message came once and in order, and no two
    /// sockets were ever open at once.
    pub(super) async fn ends_well(self) -> anyhow::Result<Tally> {
        let all = |it: &Tally| it.fates() >= POUR.count && it.heard.last() == Some(POUR.count);
        let tally = self.line.adds_up("all to be heard", PATIENCE, all).await?;
        assert_eq!(tally.heard, Runs::of(1, POUR.count), "{tally:#?}");
        assert_eq!(tally.delivered, Runs::of(1, POUR.count), "{tally:#?}");
        assert_eq!((tally.restarts, tally.unknown.count()), (0, 0), "{tally:#?}");
        let sockets: u32 = self.page.run("return window.mostSockets", vec![]).await?;
        assert_eq!(sockets, 1, "were open at once");
        crate::story::is_unbroken(&self.line.statuses().await?)?;
        Ok(tally)
    }

    /// The most connections that were ever open at once, those included that are dead and that
    /// their browser has not ended.
    pub(super) fn most_open(&self) -> usize {
        self.most_open.load(Relaxed)
    }
}

impl Drop for Pouring<'_> {
    fn drop(&mut self) {
        self.counting.abort();
    }
}

async fn count(proxy: Arc<Proxy>, most: Arc<AtomicUsize>) {
    loop {
        most.fetch_max(proxy.open(), Relaxed);
        sleep(Duration::from_millis(2)).await;
    }
}
