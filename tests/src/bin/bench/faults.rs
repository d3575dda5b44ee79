//! Talk both ways over one session, through a proxy that a storm goes over.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::proxy::{Mix, Proxy, Storm};
use e2e::server::Server;
use e2e::wait::until;
use serde::Serialize;
use serde_json::json;
use tokio::time::sleep;

use crate::options::FaultsOptions;
use crate::order::Order;
use crate::page::Page;
use crate::witness::Witness;

const PER_SECOND: u32 = 200;

/// A broadcast lets go of who is slow, and after an outage much is said at once.
const ROOMY: [&str; 2] = ["--mailbox", "16384"];

/// How long the rest may take once the storm is over: the longest backoff and more.
const CALM: Duration = Duration::from_secs(60);

/// What became of one direction; a line of the results.
#[derive(Serialize)]
struct Told {
    direction: &'static str,
    lost: u64,
    doubled: u64,
    reordered: u64,
    faults: usize,
    recoveries: u32,
    messages: u32,
}

/// Up, the page speaks through the storm and the witness hears it without one; down, the witness
/// speaks and the page hears.
pub(crate) async fn run(options: &FaultsOptions) -> anyhow::Result<()> {
    let server = Server::start_with(&ROOMY).await?;
    let proxy = Proxy::start(server.port()).await?;
    let page = Page::start(Engine::Chromium).await?;
    let mut witness = Witness::join(&server.ws("/broadcast")).await?;

    talk(&page, &proxy.ws("/session/broadcast"), options.lasts).await?;
    until("the session to begin", CALM, async || Ok(witness.heard().first().map(|_| ()))).await?;
    let storm = Storm::start(&proxy, options.seed, Mix::default())?;
    eprintln!("  the storm of seed {} for {:?}", options.seed, options.lasts);
    witness.talk(PER_SECOND, options.lasts).await?;
    let faults = storm.stop().await.total();
    eprintln!("  calm after {faults} faults");
    let said = settled(&page, &witness).await?;

    let recoveries = page.run::<u32>("return talker.times_online()", vec![]).await? - 1;
    let down = page.run::<Vec<u32>>("return Array.from(talker.heard())", vec![]).await?;
    for (direction, messages, heard) in
        [("up", said, witness.heard()), ("down", witness.said(), down)]
    {
        let Order { lost, doubled, reordered } = Order::of(messages, &heard);
        let told = Told { direction, lost, doubled, reordered, faults, recoveries, messages };
        tell(&told, options.json)?;
    }
    Ok(())
}

async fn talk(page: &Page, url: &str, lasts: Duration) -> anyhow::Result<()> {
    let arguments = [json!(url), json!(PER_SECOND), json!(lasts.as_millis() as u64)];
    let begin = "globalThis.talker = new Talker(...arguments)";
    page.run::<Option<()>>(&format!("{begin}; return null"), arguments.into()).await?;
    Ok(())
}

/// Waits until both have heard the last word of the other, or for so long that they never will;
/// returns how much the page has said.
async fn settled(page: &Page, witness: &Witness) -> anyhow::Result<u32> {
    let last_words = until("the last words", CALM, async || {
        let said: u32 = page.run("return talker.said()", vec![]).await?;
        let last: Option<u32> = page.run("return talker.heard().at(-1) ?? null", vec![]).await?;
        let settled = last == Some(witness.said()) && witness.heard().last() == Some(&said);
        Ok(settled.then_some(()))
    });
    if let Err(error) = last_words.await {
        eprintln!("  {error}");
    }
    // What comes once more would come now.
    sleep(Duration::from_secs(1)).await;
    page.run("return talker.said()", vec![]).await
}

fn tell(told: &Told, json: bool) -> anyhow::Result<()> {
    let Told { direction, lost, doubled, reordered, faults, recoveries, messages } = told;
    match json {
        true => println!("{}", serde_json::to_string(told)?),
        false => println!(
            "{direction:<4} {messages} messages, {faults} faults, {recoveries} recoveries: \
             {lost} lost, {doubled} doubled, {reordered} reordered"
        ),
    }
    Ok(())
}
