//! What every page of a size does: it sends a message, and reads what comes.
#![allow(dead_code, reason = "bytes need no note")]

use std::hint::black_box;

use keepline::{Decode, Encode, Socket};

/// A small message.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Note {
    id: u32,
    text: String,
    tags: Vec<String>,
    at: Option<f64>,
}

impl Note {
    pub(crate) fn first() -> Self {
        Self { id: 1, text: "a note".to_owned(), tags: vec![], at: None }
    }
}

/// Talks in messages of this type by this codec.
pub(crate) fn talk<M: 'static, C: Encode<M> + Decode<M> + 'static>(first: M) {
    wasm_bindgen_futures::spawn_local(async move {
        let line = Socket::<M, M, C>::builder("/notes").connect();
        let Ok(mut socket) = line else { return };
        if socket.send(&first).is_ok() {
            while let Some(Ok(message)) = socket.next().await {
                black_box(message);
            }
        }
    });
}
