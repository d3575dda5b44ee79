//! The throughput of an echo, of the SDK beside a bare WebSocket.

use std::ops::AddAssign;

use e2e::browser::Engine;
use e2e::server::Server;
use serde::Serialize;
use serde_json::{Value, json};

use crate::options::EchoOptions;
use crate::page::Page;

const IN_FLIGHT: [u32; 3] = [1, 64, 1_024];
/// In how many turns of a client its time in a round is spent.
const TURNS: usize = 5;
/// The code of a line that was just opened is new to the browser.
const FIRST_WARM_UP_MS: u64 = 300;
const WARM_UP_MS: u64 = 20;

/// One way to talk to an echo.
struct Client {
    name: &'static str,
    path: &'static str,
    /// Which one it is compared with.
    baseline: usize,
    /// Whether it has a line in the results.
    told: bool,
}

const CLIENTS: [Client; 6] = [
    Client { name: "raw", path: "/echo", baseline: 0, told: true },
    Client { name: "raw-binary", path: "/echo", baseline: 1, told: false },
    Client { name: "raw-batched", path: "/echo", baseline: 0, told: true },
    Client { name: "keepline-plain-json", path: "/echo", baseline: 0, told: true },
    Client { name: "keepline-plain-binary", path: "/echo", baseline: 1, told: true },
    Client { name: "keepline-session", path: "/session/echo", baseline: 0, told: true },
];

/// What was measured of one client; a line of the results.
#[derive(Serialize)]
struct Measured {
    browser: &'static str,
    client: &'static str,
    in_flight: u32,
    messages_per_second: f64,
    ratio_to_raw: f64,
}

pub(crate) async fn run(options: &EchoOptions) -> anyhow::Result<()> {
    let server = Server::start().await?;
    for &engine in &options.engines {
        let page = Page::start(engine).await?;
        for in_flight in IN_FLIGHT {
            let rates = rounds(&page, &server, in_flight, options).await?;
            tell(engine, in_flight, &rates, options.json)?;
        }
    }
    Ok(())
}

/// The rates of each client, in all rounds. In a round each has a line of its own, and they take
/// short turns, so that whatever else the machine does meets them all.
async fn rounds(
    page: &Page,
    server: &Server,
    in_flight: u32,
    options: &EchoOptions,
) -> anyhow::Result<[Vec<f64>; CLIENTS.len()]> {
    let mut rates = [const { Vec::new() }; CLIENTS.len()];
    for round in 1..=options.rounds {
        open_lines(page, server).await?;
        let mut sums = [Turn::default(); CLIENTS.len()];
        for turn in 0..TURNS {
            for client in (0..CLIENTS.len()).map(|it| (round + turn + it) % CLIENTS.len()) {
                let lasts = options.lasts / TURNS as u32;
                let warm_up_ms = if turn == 0 { FIRST_WARM_UP_MS } else { WARM_UP_MS };
                let with =
                    json!([CLIENTS[client].name, in_flight, warm_up_ms, lasts.as_millis() as u64]);
                sums[client] += take_turn(page, with).await?;
            }
        }
        page.run::<()>("closeLines()", Vec::new()).await?;
        rates.iter_mut().zip(sums).for_each(|(rates, sum)| rates.push(sum.rate()));
        eprintln!("  {in_flight} in flight, round {round}: {}", spoken(&rates));
    }
    Ok(rates)
}

async fn open_lines(page: &Page, server: &Server) -> anyhow::Result<()> {
    let lines = CLIENTS.iter().map(|client| json!([client.name, server.ws(client.path)]));
    page.run("return openLines(arguments[0])", vec![lines.collect()]).await
}

/// What came in a turn, or in several.
#[derive(Clone, Copy, Default)]
struct Turn {
    messages: f64,
    milliseconds: f64,
}

async fn take_turn(page: &Page, with: Value) -> anyhow::Result<Turn> {
    let (messages, milliseconds) = page.run("return turn(...arguments[0])", vec![with]).await?;
    Ok(Turn { messages, milliseconds })
}

impl Turn {
    fn rate(self) -> f64 {
        self.messages / self.milliseconds * 1_000.0
    }
}

impl AddAssign for Turn {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.milliseconds += other.milliseconds;
    }
}

fn spoken(rates: &[Vec<f64>]) -> String {
    let last = CLIENTS.iter().zip(rates).filter_map(|(client, rates)| {
        let name = client.name.trim_start_matches("keepline-");
        rates.last().map(|rate| format!("{name} {rate:.0}/s"))
    });
    last.collect::<Vec<_>>().join(", ")
}

fn tell(engine: Engine, in_flight: u32, rates: &[Vec<f64>], json: bool) -> anyhow::Result<()> {
    for (client, of_client) in CLIENTS.iter().zip(rates).filter(|(client, _)| client.told) {
        // Within a round, for a machine that is slow for a while is slow for both.
        let of_raw = &rates[client.baseline];
        let ratios: Vec<f64> = of_client.iter().zip(of_raw).map(|(its, raw)| its / raw).collect();
        let measured = Measured {
            browser: name(engine),
            client: client.name,
            in_flight,
            messages_per_second: rounded(median(of_client), 1.0),
            ratio_to_raw: rounded(median(&ratios), 1_000.0),
        };
        match json {
            true => println!("{}", serde_json::to_string(&measured)?),
            false => println!("{}", row(&measured)),
        }
    }
    Ok(())
}

fn row(measured: &Measured) -> String {
    let Measured { browser, client, in_flight, messages_per_second, ratio_to_raw } = measured;
    format!(
        "{browser:<9} {client:<22} {in_flight:>5} in flight {messages_per_second:>9} messages/s \
         {ratio_to_raw:>7.2} × raw"
    )
}

fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Chromium => "chromium",
        Engine::Firefox => "firefox",
        Engine::WebKit => "webkit",
    }
}

fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
