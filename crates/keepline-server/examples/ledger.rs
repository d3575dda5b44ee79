//! A server that writes down each message before it answers with the same: even when it is killed,
//! what it had taken stands in a file, a line for each.
//!
//! What an application has received is taken; here nothing else runs until it is written as well.
//!
//! `cargo run -p keepline-server --example ledger -- 127.0.0.1:5000 taken.txt`

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::response::Response;
use axum::routing::get;
use keepline_server::{Options, Payload, Server, Upgrade};
use tokio::net::TcpListener;
use tokio::time::sleep;

#[derive(Clone)]
struct House {
    server: Server,
    ledger: Arc<File>,
}

impl FromRef<House> for Server {
    fn from_ref(house: &House) -> Self {
        house.server.clone()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let path = arguments.next().unwrap_or_else(|| "taken.txt".to_owned());
    let ledger = Arc::new(File::options().create(true).append(true).open(path)?);
    let house = House { server: Server::new(Options::default())?, ledger };
    let app = Router::new().route("/session/echo", get(echo)).with_state(house);
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn echo(State(House { ledger, .. }): State<House>, upgrade: Upgrade) -> Response {
    upgrade.session("echo", |mut session| async move {
        for count in 1_u64.. {
            // Slower than a busy client: much has come then that is not taken yet.
            if count.is_multiple_of(4) {
                sleep(Duration::from_millis(1)).await;
            }
            let Some(message) = session.recv().await else { break };
            if write(&ledger, &message).is_err() || session.send(message).await.is_err() {
                break;
            }
        }
    })
}

fn write(mut ledger: &File, message: &Payload) -> std::io::Result<()> {
    match message {
        Payload::Text(text) => ledger.write_all(format!("{text}\n").as_bytes()),
        Payload::Binary(bytes) => ledger.write_all(format!("{} bytes\n", bytes.len()).as_bytes()),
    }
}
