//! The binary: its line, its flags and variables, its signals and its exit codes.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Client, soon};

/// The binary, running; killed when dropped.
struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Program {
    async fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        soon("the first line", stdout.read_line(&mut line)).await.unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").expect(&line);
        Self { child, stdout, address: address.parse().unwrap() }
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("it runs").try_into().unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    async fn ended(mut self) -> (ExitStatus, String) {
        let status = soon("the program to end", self.child.wait()).await.unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).await.unwrap();
        (status, rest)
    }
}

fn keepline_server(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keepline-server"));
    command.args(arguments).env_clear().kill_on_drop(true);
    command
}

/// What it says on stderr when it does not start.
async fn refused(command: &mut Command) -> String {
    let output = soon("the program to end", command.output()).await.unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn sigterm_and_sigint_close_every_socket_and_end_it_with_success() {
    for signal in [Signal::TERM, Signal::INT] {
        let program = Program::start(&mut keepline_server(&["--port", "0"])).await;
        let mut client = Client::open(program.address, "/stream", &[]).await.unwrap();
        let asked = Instant::now();
        program.signal(signal);
        assert_eq!(client.closed().await, (1001, "the server is stopping".to_owned()));
        drop(client);
        let (status, more_lines) = program.ended().await;
        assert!(asked.elapsed() < Duration::from_secs(5));
        assert_eq!((status.code(), more_lines.as_str()), (Some(0), ""));
    }
}

#[tokio::test]
async fn a_client_that_never_answers_and_one_that_never_asks_cannot_hold_it_up() {
    let program = Program::start(&mut keepline_server(&["--port", "0"])).await;
    let _never_answers = Client::open(program.address, "/stream?hz=1000", &[]).await.unwrap();
    let mut never_asks = TcpStream::connect(program.address).await.unwrap();
    never_asks.write_all(b"GET /health HTTP/1.1\r\nhost: ").await.unwrap();
    let asked = Instant::now();
    program.signal(Signal::TERM);
    let (status, _) = program.ended().await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_flag_and_its_variable_say_the_same_and_the_flag_wins() {
    let limited = |limit: &str, arguments: &[&str]| {
        let mut command = keepline_server(arguments);
        command.env("KEEPLINE_PORT", "0").env("KEEPLINE_MESSAGE_LIMIT", limit);
        command
    };
    let mut by_variable = limited("1KiB", &[]);
    let mut by_flag = limited("1", &["--message-limit", "1024"]);
    for command in [&mut by_variable, &mut by_flag] {
        let program = Program::start(command).await;
        let mut client = Client::open(program.address, "/echo", &[]).await.unwrap();
        client.send("x".repeat(1024)).await;
        assert_eq!(client.next().await, Message::text("x".repeat(1024)));
        client.send("x".repeat(1025)).await;
        assert_eq!(client.closed().await.0, 1009);
    }
}

#[tokio::test]
async fn it_holds_more_sockets_than_the_shell_allows_open_files() {
    let mut shell = Command::new("/bin/sh");
    let program = env!("CARGO_BIN_EXE_keepline-server");
    shell.args(["-c", "ulimit -S -n 40 && exec \"$0\" --port 0", program]);
    let program = Program::start(shell.env_clear().kill_on_drop(true)).await;
    let mut clients = Vec::new();
    for _ in 0..60 {
        clients.push(Client::open(program.address, "/stream", &[]).await.unwrap());
    }
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let why = refused(&mut keepline_server(&["--port", &port])).await;
    assert!(why.contains(&format!("port {port} of 127.0.0.1 is taken")), "{why}");
    assert!(why.contains("--port"), "{why}");
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused_before_it_listens() {
    let why = refused(&mut keepline_server(&["--port", "0", "--max-sockets", "0"])).await;
    assert!(why.contains("--max-sockets must be from 1"), "{why}");
    let why = refused(&mut keepline_server(&["--port", "0", "--allow-origin", "here"])).await;
    assert!(why.contains("\"here\" is not an origin"), "{why}");
    let why = refused(&mut keepline_server(&["--port", "http"])).await;
    assert!(why.contains("invalid value 'http'"), "{why}");
}
