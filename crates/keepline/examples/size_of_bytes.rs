//! A page with the codec `Bytes`, with whose size all others are compared: `cargo xtask size`.

#[path = "size/page.rs"]
mod page;

fn main() {
    page::talk::<Vec<u8>, keepline::Bytes>(vec![1]);
}
