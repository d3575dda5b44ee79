//! The name that a person goes by, remembered over reloads.

use web_sys::Storage;

use crate::names::PersonName;

const KEY: &str = "keepline.name";

/// The name in use in this tab, if it was in a room before. Each tab has its own, so that two
/// tabs can talk to each other.
pub(crate) fn name_of_this_tab() -> Option<PersonName> {
    read(session_storage())
}

/// The name last used in any tab: a suggestion for a new one.
pub(crate) fn name_last_used() -> Option<PersonName> {
    read(local_storage())
}

/// Remembers `name` for both. A browser that forbids storage forgets it; that is no failure.
pub(crate) fn remember(name: &PersonName) {
    for storage in [session_storage(), local_storage()].into_iter().flatten() {
        let _ = storage.set_item(KEY, name.as_str());
    }
}

fn read(storage: Option<Storage>) -> Option<PersonName> {
    let stored = storage?.get_item(KEY).ok()??;
    PersonName::parse(&stored).ok()
}

fn session_storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn local_storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}
