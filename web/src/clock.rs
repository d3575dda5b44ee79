//! The wall clock: what people read as the time of day.

use js_sys::Date;
use wasm_bindgen::JsValue;

/// A point of time: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(crate) struct Moment(f64);

impl Moment {
    /// The only place where the dashboard reads a clock.
    pub(crate) fn now() -> Self {
        Self(Date::new_0().get_time())
    }

    /// As the server tells it.
    pub(crate) fn from_seconds(seconds: f64) -> Self {
        Self(seconds * 1_000.0)
    }

    pub(crate) const fn millis(self) -> f64 {
        self.0
    }

    /// Milliseconds from `earlier` to here; negative when it is later.
    pub(crate) fn since(self, earlier: Self) -> f64 {
        self.0 - earlier.0
    }

    /// Hours and minutes where the reader is, such as `14:03`.
    pub(crate) fn hour_and_minute(self) -> String {
        let date = Date::new(&JsValue::from_f64(self.0));
        format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
    }

    /// The same, with seconds.
    pub(crate) fn to_the_second(self) -> String {
        let date = Date::new(&JsValue::from_f64(self.0));
        format!("{}:{:02}", self.hour_and_minute(), date.get_seconds())
    }
}
