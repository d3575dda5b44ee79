//! A page with the codec `Postcard`, for its size: `cargo xtask size`.

#[path = "size/page.rs"]
mod page;

fn main() {
    page::talk::<page::Note, keepline::Postcard>(page::Note::first());
}
