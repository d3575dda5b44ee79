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

/// A span of time for people, such as `7 s` or `2 min 5 s`, from its milliseconds.
pub(crate) fn span(millis: f64) -> String {
    let seconds = (millis / 1_000.0).max(0.0) as u64;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        assert_eq!(span(-5.0), "0 s");
        assert_eq!(span(15_999.0), "15 s");
        assert_eq!(span(125_000.0), "2 min 5 s");
        assert_eq!(span(7_380_000.0), "2 h 3 min");
    }
}
