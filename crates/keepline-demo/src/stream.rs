//! What `/stream` sends.

use serde::{Deserialize, Serialize};

/// One reading of the demo's signal, sent once a second unless `?hz=` says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When it was taken, in seconds since the Unix epoch.
    pub timestamp: f64,
    /// The reading, between -1 and 1.
    pub value: f64,
}
