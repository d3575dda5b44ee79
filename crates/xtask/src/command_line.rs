//! What was asked for, read from the command line.

use std::ffi::OsString;
use std::num::NonZero;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lexopt::prelude::{Long, Short, Value, ValueExt};

use crate::bench::BenchOptions;
use crate::demo::DemoOptions;
use crate::size::SizeOptions;
use crate::soak::HiddenTab;
use crate::test::Part;
use crate::wpt::WptOptions;

const HELP: &str = "\
The commands of the project. Each sets up what it needs, and only what is missing.

Usage: cargo xtask <COMMAND>

  demo    Build everything, start the server with the dashboard inside it, print its address
  test    Run every test there is
  bench   Measure the SDK in a real browser: `echo` for its speed, `faults` for its losses
  sim     Run the core's both ends in virtual time against a hostile network
  size    Measure what a page downloads: of the npm package, and of each codec of the SDK
  soak    Leave a page in a hidden tab for ten minutes, and see whether its lines stay up
  wpt     Run the web-platform-tests of WebSocket against the npm package's drop-in
  tidy    Hold the rules of the house: formatting, lints, docs, measures, arrows
  setup   Do just the set-up, and print the PATH that `trunk serve` and `wasm-pack` need

`cargo xtask <COMMAND> --help` says more.";

const DEMO: &str = "\
Builds the dashboard and the server in release, and starts the server until Ctrl-C.

Usage: cargo xtask demo [OPTIONS]

  --port <PORT>   The port to listen on; 0 takes a free one [default: 5000]
  --host <HOST>   The address to listen on [default: 127.0.0.1]
  --open          Open the dashboard in a browser once the server listens";

const TEST: &str = "\
Runs every test, or the named parts of them. One run shows all failures; the last line counts
passed, failed and skipped, and the exit code is 0 only if none failed.

Usage: cargo xtask test [PART]…

  tidy     What `cargo xtask tidy` does
  native   Unit, integration and doc tests of every crate that runs natively
  sim      Simulated storms, small worlds, and planted bugs that must be found
  wasm     Tests of the core and of the SDK as wasm: in Node, in headless Chromium and Firefox
  e2e      Real browsers against the real server and real peers";

const BENCH: &str = "\
Measures the SDK in headless browsers against the real server in release, on this machine. Only
results go to stdout, and how it goes on to stderr.

Usage: cargo xtask bench echo [--json] [--browser <BROWSER>] [--rounds <N>] [--seconds <S>]
       cargo xtask bench faults [--json] [--seed <SEED>] [--seconds <S>]

echo: how many messages per second come back from an echo, with 1, 64 and 1024 in flight. Each is a
small object (about 75 bytes of JSON); for each that arrives it is parsed, and the next one is sent.

  raw                    JavaScript: JSON.stringify, JSON.parse and WebSocket, on /echo
  raw-batched            the same, with all that arrived together in one JSON array: what batching
                         by hand reaches on this machine, without any number or acknowledgement
  keepline-plain-json    Socket<T, T> in wasm, on /echo
  keepline-plain-binary  the same with JSON in binary messages
  keepline-session       the first one over a session, on /session/echo

In a round each opens a connection, and they take five turns each, one after the other, of a fifth
of S seconds after a warm-up (0.3 s in the first turn, 20 ms in the others); each turn ends when all
that is in flight has come back. What is told is the median of all rounds, and that of the ratios to
raw in each. The ratio of keepline-plain-binary is to a raw client that does the same in binary
messages (TextEncoder and ArrayBuffer), which takes its turns and has no row of its own.

  --browser <BROWSER>  chromium, firefox or both [default: chromium]
  --rounds <N>         How many rounds [default: 15]
  --seconds <S>        How long each client is measured in a round [default: 0.5]
  --json               One JSON object a line instead of a table

faults: what a session loses, doubles or reorders while a storm goes over its network. A page in
Chromium and a native client talk on a broadcast, 200 numbered messages a second each way for S
seconds. The page does so in a session, through a proxy that resets connections, ends them,
swallows all for 0.3 to 3.3 s (and what was connected for ever), or holds all for as long; the
native client is on a plain line without faults. Up is from the page to the native client, down
the other way. Then the network is calm until all has arrived, for at most 60 s.

  --seed <SEED>        Which storm [default: 1]
  --seconds <S>        How long it lasts [default: 40]
  --json               One JSON object a line instead of words";

const SIM: &str = "\
Runs both ends of the core in virtual time against a hostile network, and judges them by what a
user was promised. A violation is shown with the end of its log and its seed, which tells the same
story again.

Usage: cargo xtask sim [--seeds <N>] [--from <S>]
       cargo xtask sim --seed <S>
       cargo xtask sim --exhaustive [--depth <D>]
       cargo xtask sim --mutants

  --seeds <N>   N storms; half of the seeds are from 1 on, half are new each time [default: 2000]
  --from <S>    The seeds are S, S + 1, …
  --seed <S>    One storm, with its whole log
  --exhaustive  One client, one server, two messages each way: every way that things can go
  --depth <D>   So many things happen before all goes well [default: 9]
  --mutants     Plants bugs in the core, one after the other: each must be found";

const SOAK: &str = "\
Hides a page behind another tab, in a Chromium with windows under Xvfb, with two quiet lines to the
real server: a session, which answers the server's pings, and a plain line, which probes. Chromium
lets the timers of a page ring once a minute when it was hidden for five. It is a failure if a line
is lost, or a heartbeat comes later than after 1.2 times the interval of 10 s.

Usage: cargo xtask soak hidden-tab [OPTIONS]

  --minutes <N>   How long the page is hidden [default: 10]
  --browser <B>   chromium, or firefox or webkit with a minimized window [default: chromium]";

const SIZE: &str = "\
Builds what a page downloads, and tells its size in bytes: as it is, by gzip at level 9, and by
brotli at quality 11. It is a failure if the npm package weighs more than 2 % above the budget in
crates/keepline-js/budget.json.

  npm total          All that a page loads of the npm package: its script and its core
  npm script         Of that, the TypeScript, minified
  npm core           Of that, the core: wasm, compressed and packed as text
  npm wasm           The same before it is packed
  npm connect alone  What a page loads that uses only the typed client, from a bundler that leaves
                     out the rest
  npm drop-in alone  The same of KeeplineWebSocket
  codec …            The wasm of a page of the Rust SDK with that codec; each has that of bytes

Usage: cargo xtask size [--json]

  --json       One JSON object a line instead of a table";

const WPT: &str = "\
Runs a checkout of the web-platform-tests: first with the browser's own WebSocket, then with the
drop-in of the npm package in its place, without reconnection. Tells how many of the tests over
ws: the browser's own class passes, in windows and dedicated Workers, how many of those ours passes,
and which it does not. It is a failure if those are more than one in a hundred, or are not listed
with a reason in docs/websocket-conformance.md.

Usage: cargo xtask wpt --suite <DIR> [--browser <BROWSER>] [--only <TEXT>] [--native]

  --suite <DIR>        A checkout of web-platform-tests; it is served by its own `wpt serve`
  --browser <BROWSER>  chromium, firefox or both [default: both]
  --only <TEXT>        Only the tests whose address contains this
  --native             Only with the browser's own WebSocket; tells what it fails";

const TIDY: &str = "\
Checks every rule of the house and says, for each broken one, what is wrong and where.

Usage: cargo xtask tidy

Formatting, clippy natively and for wasm, rustdoc, the measures of functions, files and lines,
the dependency arrows, the purity of the core, versions in one place only.";

const SETUP: &str = "\
Installs what is missing: the wasm target, wasm-bindgen, trunk, Binaryen, and for the tests
Node, Chromium, Firefox and WebKitGTK with their drivers, Xvfb, and the Python peers. Tools go to
$XDG_CACHE_HOME/keepline (or ~/.cache/keepline) under name and version, so that every clone finds
them.

Usage: cargo xtask setup";

/// What somebody wants done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Setup,
    Demo(DemoOptions),
    /// All parts, if none is named.
    Test(Vec<Part>),
    Bench(BenchOptions),
    /// With what the simulator is told.
    Sim(Vec<OsString>),
    Soak(HiddenTab),
    Size(SizeOptions),
    Wpt(WptOptions),
    Tidy,
    /// Only this text.
    Help(&'static str),
}

pub(crate) fn read() -> Result<Request> {
    parse(lexopt::Parser::from_env())
}

fn parse(mut line: lexopt::Parser) -> Result<Request> {
    match line.next()? {
        None | Some(Long("help") | Short('h')) => Ok(Request::Help(HELP)),
        Some(Value(name)) => command(&name, line),
        Some(other @ (Long(_) | Short(_))) => Err(other.unexpected().into()),
    }
}

fn command(name: &OsString, line: lexopt::Parser) -> Result<Request> {
    match name.to_str() {
        Some("demo") => demo(line),
        Some("test") => test(line),
        Some("bench") => bench(line),
        Some("sim") => sim(line),
        Some("soak") => soak(line),
        Some("size") => size(line),
        Some("wpt") => wpt(line),
        Some("tidy") => plain(line, Request::Tidy, TIDY),
        Some("setup") => plain(line, Request::Setup, SETUP),
        Some("help") => Ok(Request::Help(HELP)),
        Some(_) | None => bail!("there is no command {}\n\n{HELP}", name.display()),
    }
}

fn demo(mut line: lexopt::Parser) -> Result<Request> {
    let mut options = DemoOptions::default();
    while let Some(argument) = line.next()? {
        match argument {
            Long("port") => options.port = line.value()?.parse()?,
            Long("host") => options.host = line.value()?.parse()?,
            Long("open") => options.open = true,
            Long("help") | Short('h') => return Ok(Request::Help(DEMO)),
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(Request::Demo(options))
}

fn size(mut line: lexopt::Parser) -> Result<Request> {
    let mut options = SizeOptions::default();
    while let Some(argument) = line.next()? {
        match argument {
            Long("json") => options.json = true,
            Long("help") | Short('h') => return Ok(Request::Help(SIZE)),
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(Request::Size(options))
}

fn test(mut line: lexopt::Parser) -> Result<Request> {
    let mut parts = Vec::new();
    while let Some(argument) = line.next()? {
        match argument {
            Value(part) => parts.push(part.parse()?),
            Long("help") | Short('h') => return Ok(Request::Help(TEST)),
            Long(_) | Short(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(Request::Test(parts))
}

fn bench(mut line: lexopt::Parser) -> Result<Request> {
    match line.next()? {
        None | Some(Long("help") | Short('h')) => Ok(Request::Help(BENCH)),
        Some(Value(name)) if name == "echo" => echo(line),
        Some(Value(name)) if name == "faults" => faults(line),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn echo(mut line: lexopt::Parser) -> Result<Request> {
    let mut words = vec!["echo".to_owned()];
    while let Some(argument) = line.next()? {
        match argument {
            Long("json") => words.push("--json".to_owned()),
            Long("browser") => words.push(format!("--browser={}", browser(&mut line)?)),
            Long("rounds") => words.push(format!("--rounds={}", rounds(&mut line)?)),
            Long("seconds") => words.push(format!("--seconds={}", seconds(&mut line)?)),
            Long("help") | Short('h') => return Ok(Request::Help(BENCH)),
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(Request::Bench(BenchOptions { words }))
}

fn faults(mut line: lexopt::Parser) -> Result<Request> {
    let mut words = vec!["faults".to_owned()];
    while let Some(argument) = line.next()? {
        match argument {
            Long("json") => words.push("--json".to_owned()),
            Long("seed") => words.push(format!("--seed={}", line.value()?.parse::<u64>()?)),
            Long("seconds") => words.push(format!("--seconds={}", seconds(&mut line)?)),
            Long("help") | Short('h') => return Ok(Request::Help(BENCH)),
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(Request::Bench(BenchOptions { words }))
}

fn browser(line: &mut lexopt::Parser) -> Result<String> {
    one_of(line, &["chromium", "firefox", "both"])
}

fn one_of(line: &mut lexopt::Parser, browsers: &[&str]) -> Result<String> {
    let browser = line.value()?.string()?;
    ensure!(browsers.contains(&browser.as_str()), "the browsers are {}", browsers.join(", "));
    Ok(browser)
}

fn rounds(line: &mut lexopt::Parser) -> Result<NonZero<u16>> {
    Ok(line.value()?.parse()?)
}

fn seconds(line: &mut lexopt::Parser) -> Result<f64> {
    let seconds: f64 = line.value()?.parse()?;
    ensure!((0.1..=3_600.0).contains(&seconds), "a time is from 0.1 to 3600 seconds");
    Ok(seconds)
}

fn sim(mut line: lexopt::Parser) -> Result<Request> {
    let arguments: Vec<OsString> = line.raw_args()?.collect();
    let asks_for_help = |argument: &OsString| argument == "--help" || argument == "-h";
    Ok(match arguments.iter().any(asks_for_help) {
        true => Request::Help(SIM),
        false => Request::Sim(arguments),
    })
}

fn soak(mut line: lexopt::Parser) -> Result<Request> {
    match line.next()? {
        None | Some(Long("help") | Short('h')) => Ok(Request::Help(SOAK)),
        Some(Value(name)) if name == "hidden-tab" => hidden_tab(line),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn hidden_tab(mut line: lexopt::Parser) -> Result<Request> {
    let mut options =
        HiddenTab { browser: "chromium".to_owned(), lasts: Duration::from_secs(10 * 60) };
    while let Some(argument) = line.next()? {
        match argument {
            Long("minutes") => options.lasts = minutes(&mut line)?,
            Long("browser") => {
                options.browser = one_of(&mut line, &["chromium", "firefox", "webkit"])?;
            }
            Long("help") | Short('h') => return Ok(Request::Help(SOAK)),
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(Request::Soak(options))
}

fn minutes(line: &mut lexopt::Parser) -> Result<Duration> {
    let minutes: f64 = line.value()?.parse()?;
    ensure!((0.1..=1_440.0).contains(&minutes), "a time is from 0.1 to 1440 minutes");
    Ok(Duration::from_secs_f64(minutes * 60.0))
}

fn wpt(mut line: lexopt::Parser) -> Result<Request> {
    let (mut suite, mut words) = (None, Vec::new());
    while let Some(argument) = line.next()? {
        match argument {
            Long("suite") => suite = Some(line.value()?.into()),
            Long("browser") => match browser(&mut line)?.as_str() {
                "both" => {}
                browser => words.push(format!("--browser={browser}")),
            },
            Long("only") => words.push(format!("--only={}", line.value()?.string()?)),
            Long("native") => words.push("--native".to_owned()),
            Long("help") | Short('h') => return Ok(Request::Help(WPT)),
            Long(_) | Short(_) | Value(_) => return Err(argument.unexpected().into()),
        }
    }
    let suite = suite.context("--suite says where the checkout of the suite is")?;
    Ok(Request::Wpt(WptOptions { suite, words }))
}

fn plain(mut line: lexopt::Parser, request: Request, help: &'static str) -> Result<Request> {
    match line.next()? {
        None => Ok(request),
        Some(Long("help") | Short('h')) => Ok(Request::Help(help)),
        Some(other) => Err(other.unexpected().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Request> {
        parse(lexopt::Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn the_demo_listens_where_it_is_told_to() {
        let options = DemoOptions { host: "0.0.0.0".into(), port: 8123, open: true };
        let request = asked("demo --port 8123 --host=0.0.0.0 --open").unwrap();
        assert_eq!(request, Request::Demo(options));
    }

    #[test]
    fn every_command_explains_itself() {
        let commands =
            ["demo", "test", "bench", "bench echo", "sim", "size", "soak", "tidy", "setup", "wpt"];
        for command in [""].into_iter().chain(commands) {
            let request = asked(&format!("{command} --help")).unwrap();
            assert!(matches!(request, Request::Help(text) if text.contains("Usage: ")));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "dance",
            "demo --colour",
            "demo --port many",
            "test dance",
            "tidy now",
            "bench dance",
            "soak dance",
            "soak hidden-tab --minutes 0",
            "soak hidden-tab --browser both",
            "bench echo --browser lynx",
            "bench echo --rounds 0",
            "wpt",
            "wpt --suite here --browser lynx",
        ] {
            assert!(asked(line).is_err(), "{line} was accepted");
        }
    }

    #[test]
    fn a_test_run_may_be_one_part() {
        assert_eq!(asked("test wasm").unwrap(), Request::Test(vec![Part::Wasm]));
        assert_eq!(asked("test").unwrap(), Request::Test(vec![]));
    }

    #[test]
    fn a_benchmark_is_told_what_it_was_asked_for() {
        let request = asked("bench echo --json --browser both --rounds=3 --seconds 2").unwrap();
        let words = ["echo", "--json", "--browser=both", "--rounds=3", "--seconds=2"];
        let words = words.map(str::to_owned).to_vec();
        assert_eq!(request, Request::Bench(BenchOptions { words }));
    }
}
