//! A page with the codec `Cbor`, for its size: `cargo xtask size`.

#[path = "size/page.rs"]
mod page;

fn main() {
    page::talk::<page::Note, keepline::Cbor>(page::Note::first());
}
