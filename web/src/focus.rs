//! Where the keyboard goes when the view changes.

use web_sys::{Element, HtmlElement};
use yew::prelude::*;

/// A reference for an element that takes the focus when it appears, unless something else has it:
/// whoever walks through the links by keyboard stays on them.
#[hook]
pub(crate) fn use_free_focus() -> NodeRef {
    let element = use_node_ref();
    use_effect_with((), {
        let element = element.clone();
        move |()| {
            if let (None, Some(element)) = (focused(), element.cast::<HtmlElement>()) {
                // Focus is a courtesy: an element that cannot take it is no failure.
                let _ = element.focus();
            }
        }
    });
    element
}

/// The element that has the focus; `None` when it is nowhere in particular.
fn focused() -> Option<Element> {
    let document = web_sys::window()?.document()?;
    document.active_element().filter(|element| element.tag_name() != "BODY")
}
