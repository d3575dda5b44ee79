//! A page with the codec `Json`, for its size: `cargo xtask size`.

#[path = "size/page.rs"]
mod page;

fn main() {
    page::talk::<page::Note, keepline::Json>(page::Note::first());
}
