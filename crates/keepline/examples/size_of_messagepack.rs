//! A page with the codec `MessagePack`, for its size: `cargo xtask size`.

#[path = "size/page.rs"]
mod page;

fn main() {
    page::talk::<page::Note, keepline::MessagePack>(page::Note::first());
}
