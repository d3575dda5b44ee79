//! The small message that all clients of the echo send, and a codec that sends it in binary.

use keepline::{CodecError, Decode, Encode, Json, Payload, Undecodable};
use serde::{Deserialize, Serialize};

/// What a sensor says: some 75 bytes of JSON.
#[derive(Serialize, Deserialize)]
pub(crate) struct Reading {
    pub(crate) id: u32,
    name: String,
    value: f64,
    unit: String,
    ok: bool,
}

impl Reading {
    pub(crate) fn first(id: u32) -> Self {
        Self { id, name: "sensor-17".into(), value: 21.53, unit: "celsius".into(), ok: true }
    }
}

/// JSON in binary messages, as a far end may want it.
pub(crate) struct JsonBytes;

impl Encode<Reading> for JsonBytes {
    fn encode(reading: &Reading) -> Result<Payload, CodecError> {
        Ok(Payload::Binary(serde_json::to_vec(reading)?))
    }
}

impl Decode<Reading> for JsonBytes {
    fn decode(payload: Payload) -> Result<Reading, Undecodable> {
        Json::decode(payload)
    }
}
