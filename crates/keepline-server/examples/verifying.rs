//! A server whose sessions belong to somebody: they want credentials, which may expire.
//!
//! Credentials here say by themselves who one is and for how many milliseconds they hold:
//! `alice 5000`, or `alice` for ever. Those of `nobody` are refused. A real verifier checks a
//! signature, or asks a database.
//!
//! `cargo run -p keepline-server --example verifying -- 127.0.0.1:5000`

use std::time::Duration;

use keepline_server::{Caller, Credentials, Options, Refused, Server, router};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let server = Server::new(Options::default())?.verifying(async |shown| verify(shown));
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, router(&server)).await?)
}

fn verify(shown: Option<Credentials>) -> Result<Caller, Refused> {
    let refused = |reason: &str| Refused { reason: reason.to_owned() };
    let Credentials(shown) = shown.ok_or_else(|| refused("credentials are wanted here"))?;
    let mut words = shown.split_whitespace();
    let (subject, life) = (words.next(), words.next().and_then(|life| life.parse().ok()));
    match subject {
        None | Some("nobody") => Err(refused("these credentials are refused")),
        Some(subject) => Ok(Caller {
            subject: Some(subject.to_owned()),
            expires: life.map(Duration::from_millis),
        }),
    }
}
