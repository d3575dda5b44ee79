//! Where the keyboard goes when the view changes.

use wasm_bindgen::JsCast;
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
                take(&element);
            }
        }
    });
    element
}

/// A reference for an element that, when it goes, hands the focus that is in it to what is to be
/// read in its place: the messages where there are some, or else the view.
#[hook]
pub(crate) fn use_bequeathed_focus() -> NodeRef {
    let element = use_node_ref();
    use_effect_with((), {
        let element = element.clone();
        move |()| {
            move || {
                let has_focus = element.cast::<Element>().zip(focused());
                if has_focus.is_some_and(|(element, focused)| element.contains(Some(&focused))) {
                    heir().iter().for_each(take);
                }
            }
        }
    });
    element
}

/// Gives the focus to the element of `reference`.
pub(crate) fn focus(reference: &NodeRef) {
    reference.cast::<HtmlElement>().iter().for_each(take);
}

fn take(element: &HtmlElement) {
    // Focus is a courtesy: an element that cannot take it is no failure.
    let _ = element.focus();
}

fn heir() -> Option<HtmlElement> {
    let document = web_sys::window()?.document()?;
    let named = |selector| document.query_selector(selector).ok().flatten();
    named("#chat-messages").or_else(|| named("main"))?.dyn_into().ok()
}

/// The element that has the focus; `None` when it is nowhere in particular.
fn focused() -> Option<Element> {
    let document = web_sys::window()?.document()?;
    let nowhere = |element: &Element| matches!(element.tag_name().as_str(), "BODY" | "MAIN");
    document.active_element().filter(|element| !nowhere(element))
}
