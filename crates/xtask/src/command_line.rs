//! What was asked for, read from the command line.

use std::ffi::OsString;

use anyhow::{Result, bail};
use lexopt::prelude::{Long, Short, Value, ValueExt};

use crate::demo::DemoOptions;
use crate::test::Part;

const HELP: &str = "\
The commands of the project. Each sets up what it needs, and only what is missing.

Usage: cargo xtask <COMMAND>

  demo    Build everything, start the server with the dashboard inside it, print its address
  test    Run every test there is
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
  wasm     Tests of the core and of the SDK as wasm: in Node, and in headless Chromium
  e2e      Real browsers against the real server and real peers";

const TIDY: &str = "\
Checks every rule of the house and says, for each broken one, what is wrong and where.

Usage: cargo xtask tidy

Formatting, clippy natively and for wasm, rustdoc, the measures of functions, files and lines,
the dependency arrows, the purity of the core, versions in one place only.";

const SETUP: &str = "\
Installs what is missing: the wasm target, wasm-bindgen, trunk, Binaryen, and for the tests
Node, Chromium with its driver, and the Python peers. Tools go to $XDG_CACHE_HOME/keepline (or
~/.cache/keepline) under name and version, so that every clone finds them.

Usage: cargo xtask setup";

/// What somebody wants done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Setup,
    Demo(DemoOptions),
    /// All parts, if none is named.
    Test(Vec<Part>),
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
        for command in ["", "demo", "test", "tidy", "setup"] {
            let request = asked(&format!("{command} --help")).unwrap();
            assert!(matches!(request, Request::Help(text) if text.contains("Usage: ")));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in ["dance", "demo --colour", "demo --port many", "test dance", "tidy now"] {
            assert!(asked(line).is_err(), "{line} was accepted");
        }
    }

    #[test]
    fn a_test_run_may_be_one_part() {
        assert_eq!(asked("test wasm").unwrap(), Request::Test(vec![Part::Wasm]));
        assert_eq!(asked("test").unwrap(), Request::Test(vec![]));
    }
}
