//! Every codec in every browser, and with a peer in another language.

use e2e::browser::Engine;
use e2e::page::{Page, Place};
use e2e::peer::Peer;
use e2e::server::Server;
use e2e_page::request::{Codec, Note, Options, Payload, Session};

use crate::story;

const OF_NOTES: [Codec; 4] = [Codec::Json, Codec::MessagePack, Codec::Cbor, Codec::Postcard];

fn note(text: &str) -> Payload {
    Payload::Note(Note { id: u32::MAX, text: text.to_owned() })
}

fn with(codec: Codec) -> Options {
    Options { codec, ..Options::default() }
}

#[tokio::test]
async fn notes_come_back_through_every_codec() -> anyhow::Result<()> {
    notes_come_back(Engine::Chromium).await
}

#[tokio::test]
async fn notes_come_back_through_every_codec_in_firefox() -> anyhow::Result<()> {
    notes_come_back(Engine::Firefox).await
}

async fn notes_come_back(engine: Engine) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    let grusse = note("grüße 世界 🦀");
    for codec in OF_NOTES {
        let plain = page.open(&server.ws("/echo"), with(codec)).await?;
        let session = Options { session: Some(Session::default()), ..with(codec) };
        let session = page.open(&server.ws("/session/echo"), session).await?;
        for line in [plain, session] {
            line.send(grusse.clone()).await?;
            line.hears(grusse.clone()).await?;
            story::is_unbroken(&line.statuses().await?)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_peer_in_python_understands_messagepack_and_cbor() -> anyhow::Result<()> {
    let (peer, page) = (Peer::start().await?, Page::start(Place::Window).await?);
    for (path, codec) in [("/notes/msgpack", Codec::MessagePack), ("/notes/cbor", Codec::Cbor)] {
        let notes = page.open(&peer.ws(path), with(codec)).await?;
        notes.send(note("grüße")).await?;
        notes.hears(note("GRÜSSE")).await?;
    }
    Ok(())
}

in_chromium_and_firefox!(what_a_codec_cannot_decode_is_reported_and_the_line_goes_on);

async fn what_a_codec_cannot_decode_is_reported_and_the_line_goes_on(
    engine: Engine,
) -> anyhow::Result<()> {
    let (server, page) = (Server::start().await?, Page::start_in(engine, Place::Window).await?);
    // The far end signs texts: JSON would not come back as it was.
    for codec in [Codec::MessagePack, Codec::Cbor, Codec::Postcard] {
        let notes = page.open(&server.ws("/broadcast"), with(codec)).await?;
        notes.is_online(1).await?;
        let bytes = page.open(&server.ws("/broadcast"), with(Codec::Bytes)).await?;
        bytes.send(Payload::Bytes(vec![0xc1, 0xff, 0xff, 0xff, 0xff])).await?;
        notes.send(note("after it")).await?;
        notes.hears(note("after it")).await?;
        let told = notes.export().await?;
        assert_eq!(told["losses"], 0, "{told}");
        assert!(told["undecodable"].as_u64() >= Some(1), "{told}");
    }
    Ok(())
}
