//! The curve on its canvas.

use std::rc::Rc;

use gloo_render::request_animation_frame;
use keepline_demo::Sample;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};
use yew::prelude::*;

use super::ring::Ring;
use super::scale::Scale;
use super::surface::{Surface, use_surface};

/// The samples to draw, and the same in words for those who do not see them.
#[derive(PartialEq, Properties)]
pub(crate) struct ChartProps {
    pub(crate) ring: Rc<Ring>,
    /// The time at the right edge, as the samples count it.
    pub(crate) present: f64,
    pub(crate) words: AttrValue,
}

/// Draws at the browser's next frame after the samples, the time, the size or the theme has
/// changed, and rests otherwise.
#[component]
pub(crate) fn Chart(props: &ChartProps) -> Html {
    let canvas = use_node_ref();
    let surface = use_surface(&canvas);
    use_effect_with((props.ring.clone(), props.present, surface), {
        let canvas = canvas.clone();
        move |(ring, present, surface)| {
            let (ring, present, surface) = (ring.clone(), *present, *surface);
            let frame = request_animation_frame(move |_| draw(&canvas, &ring, present, surface));
            // A newer picture replaces one that was not drawn yet.
            move || drop(frame)
        }
    });
    html! {
        <canvas id="stream-canvas" ref={canvas} role="img" aria-label={props.words.clone()} />
    }
}

fn draw(canvas: &NodeRef, ring: &Ring, present: f64, surface: Surface) {
    let canvas = canvas.cast::<HtmlCanvasElement>();
    let picture = canvas.and_then(|canvas| Picture::on(&canvas, ring, present, surface));
    if let Some(picture) = picture {
        picture.draw_values();
        picture.draw_times();
        picture.draw_curve();
    }
}

/// One drawing: what is drawn, and where.
struct Picture<'a> {
    ring: &'a Ring,
    scale: Scale,
    /// The time at the right edge, in seconds.
    present: f64,
    context: CanvasRenderingContext2d,
    colours: Colours,
    right: f64,
    bottom: f64,
}

struct Colours {
    curve: String,
    grid: String,
    zero: String,
    words: String,
}

impl<'a> Picture<'a> {
    const LEFT: f64 = 40.0;
    const TOP: f64 = 12.0;
    const RIGHT_MARGIN: f64 = 14.0;
    const BOTTOM_MARGIN: f64 = 26.0;
    /// The least room for the words of a point of time, its margin included.
    const WORDS: f64 = 60.0;

    /// A clean canvas, if there is one to draw on.
    fn on(
        canvas: &HtmlCanvasElement,
        ring: &'a Ring,
        present: f64,
        surface: Surface,
    ) -> Option<Self> {
        let Surface { width, height, .. } = surface;
        let ratio = surface.pixel_ratio.max(1.0);
        canvas.set_width((width * ratio) as u32);
        canvas.set_height((height * ratio) as u32);
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let (low, high) = ring.extent().unwrap_or_default();
        let picture = Self {
            ring,
            scale: Scale::around(low, high),
            present,
            context,
            colours: Colours::of(canvas)?,
            right: width - Self::RIGHT_MARGIN,
            bottom: height - Self::BOTTOM_MARGIN,
        };
        picture.context.scale(ratio, ratio).ok()?;
        picture.context.set_font("12px system-ui, sans-serif");
        picture.context.set_line_join("round");
        picture.context.set_line_cap("round");
        Some(picture)
    }

    fn x(&self, timestamp: f64) -> f64 {
        self.right - (self.present - timestamp) / Ring::WINDOW * (self.right - Self::LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - self.scale.fraction(value) * (self.bottom - Self::TOP)
    }

    /// Whether time has not yet carried `sample` over the left edge.
    fn shows(&self, sample: Sample) -> bool {
        self.present - sample.timestamp <= Ring::WINDOW
    }

    fn draw_values(&self) {
        self.context.set_line_width(1.0);
        self.context.set_text_align("right");
        self.context.set_text_baseline("middle");
        for tick in self.scale.ticks() {
            // Half a pixel: a thin line between two pixels would be drawn as two grey ones.
            let y = self.y(tick).round() + 0.5;
            self.context.set_stroke_style_str(self.colours.of_tick(tick));
            self.context.begin_path();
            self.context.move_to(Self::LEFT, y);
            self.context.line_to(self.right, y);
            self.context.stroke();
            self.write(&self.scale.label(tick), Self::LEFT - 8.0, y);
        }
    }

    fn draw_times(&self) {
        self.context.set_text_align("center");
        self.context.set_text_baseline("alphabetic");
        let y = self.bottom + Self::BOTTOM_MARGIN - 6.0;
        let room = self.x(15.0) - self.x(0.0);
        let named: &[f64] = if room < Self::WORDS { &[30.0] } else { &[45.0, 30.0, 15.0] };
        for ago in named {
            self.write(&format!("{ago} s ago"), self.x(self.present - ago), y);
        }
        self.context.set_text_align("right");
        self.write("now", self.right, y);
    }

    fn write(&self, words: &str, x: f64, y: f64) {
        self.context.set_fill_style_str(&self.colours.words);
        // The browser refuses text only on a canvas that is gone.
        let _ = self.context.fill_text(words, x, y);
    }

    fn draw_curve(&self) {
        self.context.set_stroke_style_str(&self.colours.curve);
        self.context.set_line_width(1.75);
        self.context.begin_path();
        let mut former = f64::NEG_INFINITY;
        for sample in self.ring.samples().filter(|sample| self.shows(*sample)) {
            let (x, y) = (self.x(sample.timestamp), self.y(sample.value));
            // The line was down.
            if sample.timestamp - former > Ring::GAP {
                self.context.move_to(x, y);
            }
            self.context.line_to(x, y);
            former = sample.timestamp;
        }
        self.context.stroke();
        self.draw_newest();
    }

    fn draw_newest(&self) {
        let newest = self.ring.newest().filter(|newest| self.shows(*newest));
        let Some(newest) = newest else { return };
        self.context.set_fill_style_str(&self.colours.curve);
        for (radius, alpha) in [(8.0, 0.2), (3.5, 1.0)] {
            self.context.set_global_alpha(alpha);
            self.context.begin_path();
            let (x, y) = (self.x(newest.timestamp), self.y(newest.value));
            // The browser refuses negative radii only.
            let _ = self.context.arc(x, y, radius, 0.0, std::f64::consts::TAU);
            self.context.fill();
        }
    }
}

impl Colours {
    /// The theme's, as the style sheet has them at present.
    fn of(canvas: &HtmlCanvasElement) -> Option<Self> {
        let style = web_sys::window()?.get_computed_style(canvas).ok()??;
        let colour = |name| style.get_property_value(name).unwrap_or_default().trim().to_owned();
        Some(Self {
            curve: colour("--accent"),
            grid: colour("--line"),
            zero: colour("--line-2"),
            words: colour("--text-2"),
        })
    }

    /// Zero stands out a little.
    fn of_tick(&self, tick: f64) -> &str {
        if tick == 0.0 { &self.zero } else { &self.grid }
    }
}
