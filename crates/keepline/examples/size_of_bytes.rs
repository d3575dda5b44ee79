//! A page with the codec `Bytes`, which is the size that all others are compared with: `cargo xtask
//! size`.

include!("size/page.rs");

type Codec = keepline::Bytes;
type Message = Vec<u8>;

fn first() -> Vec<u8> {
    vec![1]
}

fn weight(bytes: &[u8]) -> usize {
    bytes.len()
}
