//! The surface that the chart is drawn on: its size, and how the page looks around it.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{HtmlCanvasElement, MediaQueryList, ResizeObserver, Window};
use yew::prelude::*;

/// What a picture depends on besides its samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Surface {
    /// In CSS pixels; zero before the first layout.
    pub(super) width: f64,
    pub(super) height: f64,
    /// How many pixels of the screen a CSS pixel has, each way.
    pub(super) pixel_ratio: f64,
    dark: bool,
}

impl Surface {
    fn of(canvas: &HtmlCanvasElement, window: &Window) -> Self {
        Self {
            width: f64::from(canvas.client_width()),
            height: f64::from(canvas.client_height()),
            pixel_ratio: window.device_pixel_ratio(),
            dark: dark_theme(window).is_some_and(|query| query.matches()),
        }
    }
}

/// The surface of `canvas` at present; another one draws the component anew.
#[hook]
pub(super) fn use_surface(canvas: &NodeRef) -> Surface {
    let surface = use_state_eq(Surface::default);
    use_effect_with((), {
        let (canvas, surface) = (canvas.clone(), surface.setter());
        move |()| {
            let canvas = canvas.cast::<HtmlCanvasElement>();
            let watch = canvas.and_then(|canvas| Watch::over(&canvas, move |now| surface.set(now)));
            move || drop(watch)
        }
    });
    *surface
}

/// Tells a surface whenever it has changed, until it is dropped.
struct Watch {
    sizes: ResizeObserver,
    _look: Closure<dyn Fn()>,
    _theme: Option<EventListener>,
}

impl Watch {
    fn over(canvas: &HtmlCanvasElement, tell: impl Fn(Surface) + Clone + 'static) -> Option<Self> {
        let window = web_sys::window()?;
        let look = {
            let (canvas, window) = (canvas.clone(), window.clone());
            move || tell(Surface::of(&canvas, &window))
        };
        let theme = dark_theme(&window).map(|theme| {
            let look = look.clone();
            EventListener::new(&theme, "change", move |_| look())
        });
        let look = Closure::<dyn Fn()>::new(look);
        let sizes = ResizeObserver::new(look.as_ref().unchecked_ref()).ok()?;
        // An observer tells the first size, too.
        sizes.observe(canvas);
        Some(Self { sizes, _look: look, _theme: theme })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.sizes.disconnect();
    }
}

fn dark_theme(window: &Window) -> Option<MediaQueryList> {
    window.match_media("(prefers-color-scheme: dark)").ok().flatten()
}
