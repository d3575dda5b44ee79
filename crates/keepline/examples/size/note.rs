// A page that speaks in notes, by a codec of serde.

include!("page.rs");

type Message = Note;

#[derive(serde::Serialize, serde::Deserialize)]
struct Note {
    id: u32,
    text: String,
    tags: Vec<String>,
    at: Option<f64>,
}

fn first() -> Note {
    Note { id: 1, text: "a note".to_owned(), tags: vec![], at: None }
}

fn weight(note: &Note) -> usize {
    note.id as usize + note.text.len() + note.tags.len() + note.at.map_or(0, |at| at as usize)
}
