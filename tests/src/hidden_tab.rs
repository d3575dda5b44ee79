//! A tab that somebody has left in the background: whether its lines stay up, and their heartbeats
//! in time.

use std::fmt;
use std::time::Duration;

use anyhow::ensure;
use e2e_page::request::{Options, Probe};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::browser::{Browser, Engine};
use crate::page::{Line, Page, Place};
use crate::relay::Relay;
use crate::server::Server;

/// How long a quiet line waits for the next sign of life: the default of a probe, and of a
/// server's ping.
const INTERVAL: Duration = Duration::from_secs(10);
/// So late may one be: Chromium lets the timers of any hidden page ring once a second.
const LONGEST_GAP: Duration = Duration::from_secs(12);

/// Makes Chromium do after 10 s what it otherwise does to a page that was hidden for five minutes.
pub const THROTTLED_SOON: &str =
    "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10";

/// Counts how far apart a timer rings that is set again each second, as an application may do.
const WATCH_TIMERS: &str = "
    const watch = (window.watch = { longest: 0, at: performance.now(), hidden: false });
    document.onvisibilitychange = () => (watch.hidden ||= document.hidden);
    const tick = () => {
        const now = performance.now();
        watch.longest = Math.max(watch.longest, now - watch.at);
        watch.at = now;
        setTimeout(tick, 1_000);
    };
    tick();
    return null;";

/// The longest time between two rings, the present one included, and whether the page was hidden.
const READ_TIMERS: &str = "
    const { longest, at, hidden } = window.watch;
    return { longest_ms: Math.round(Math.max(longest, performance.now() - at)), hidden };";

/// What became of a page and its lines while it was hidden.
#[derive(Debug)]
pub struct Report {
    /// How long it was.
    pub hidden: Duration,
    /// The longest time between two rings of a timer of the page that is set each second.
    pub timers: Duration,
    /// What became of the line in session mode, which answers the server's pings.
    pub session: Pulse,
    /// What became of the plain line, which probes.
    pub plain: Pulse,
}

/// The heartbeat of a line.
#[derive(Debug)]
pub struct Pulse {
    /// How often it was heard.
    pub beats: usize,
    /// The longest time between two.
    pub longest: Duration,
    /// How often the line was lost.
    pub losses: usize,
}

impl Report {
    /// Checks that both lines stayed up, with no gap between two heartbeats above 1.2 times the
    /// interval.
    ///
    /// # Errors
    ///
    /// When one did not.
    pub fn is_good(&self) -> anyhow::Result<()> {
        for (name, pulse) in [("session", &self.session), ("plain line", &self.plain)] {
            ensure!(pulse.losses == 0, "the {name} was lost {} times", pulse.losses);
            ensure!(
                pulse.longest <= LONGEST_GAP,
                "the {name} was without a heartbeat for {:.1?}",
                pulse.longest
            );
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "hidden for {:.0?}; its timers rang up to {:.1?} apart",
            self.hidden, self.timers
        )?;
        writeln!(f, "session     {}", self.session)?;
        write!(f, "plain line  {}", self.plain)
    }
}

impl fmt::Display for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { beats, longest, losses } = self;
        write!(f, "{beats} heartbeats, at most {longest:.1?} apart; lost {losses} times")
    }
}

#[derive(Deserialize)]
struct Timers {
    longest_ms: u64,
    hidden: bool,
}

/// Hides a page with a quiet line of each kind for so long: behind another tab of a Chromium with
/// windows, in the others by minimizing the window. The flags are Chromium's.
///
/// # Errors
///
/// When something does not start, or the page was not hidden.
pub async fn watch(engine: Engine, hidden: Duration, flags: &[&str]) -> anyhow::Result<Report> {
    let server = Server::start().await?;
    let session = Relay::start(server.ws("/session/echo"), Some("keepline.v1")).await?;
    let plain = Relay::start(server.ws("/echo"), None).await?;
    let page = Page::in_browser(windowed(engine, flags).await?, Place::Window).await?;
    let lines = [
        (page.open(&session.ws(), Options::session()).await?, &session),
        (page.open(&plain.ws(), probing()).await?, &plain),
    ];
    for (line, _) in &lines {
        line.is_online(1).await?;
    }

    let window = page.window().await?;
    page.run::<Option<()>>(WATCH_TIMERS, vec![]).await?;
    put_away(&page).await?;
    let began = Instant::now();
    sleep(hidden).await;
    let ended = Instant::now();
    page.ask_in(&window).await?;
    let timers: Timers = page.run(READ_TIMERS, vec![]).await?;
    ensure!(timers.hidden, "the page was not hidden");

    let [session, plain] = lines;
    Ok(Report {
        hidden,
        timers: Duration::from_millis(timers.longest_ms),
        session: pulse(&session.0, session.1, began, ended).await?,
        plain: pulse(&plain.0, plain.1, began, ended).await?,
    })
}

async fn windowed(engine: Engine, flags: &[&str]) -> anyhow::Result<Browser> {
    match engine {
        Engine::Chromium => Browser::start_with_windows(flags).await,
        Engine::Firefox | Engine::WebKit => Browser::start_of(engine).await,
    }
}

/// Without a window manager, Chromium minimizes no window.
async fn put_away(page: &Page) -> anyhow::Result<()> {
    match page.browser().engine() {
        Engine::Chromium => page.cover().await.map(|_| ()),
        Engine::Firefox | Engine::WebKit => page.hide().await,
    }
}

/// The server's echo is the answer.
fn probing() -> Options {
    let (question, answer) = ("are you there?".to_owned(), "are you there?".to_owned());
    let idle_ms = INTERVAL.as_millis() as u64;
    let probe = Probe { question, answer, by_function: false, idle_ms, within_ms: 5_000 };
    Options { probe: Some(probe), ..Options::default() }
}

/// On a quiet line nothing is said but heartbeats: the page's probes, or its answers to pings.
async fn pulse(
    line: &Line<'_>,
    relay: &Relay,
    began: Instant,
    ended: Instant,
) -> anyhow::Result<Pulse> {
    let mut times = relay.times();
    times.retain(|at| (began..ended).contains(at));
    let beats = times.len();
    let marks: Vec<_> = [began].into_iter().chain(times).chain([ended]).collect();
    let longest = marks.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    Ok(Pulse { beats, longest, losses: line.tally().await?.losses.len() })
}
