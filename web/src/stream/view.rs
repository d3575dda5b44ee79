//! The stream as people see it.

use yew::prelude::*;

use super::chart::Chart;
use super::{Stream, ring::Ring};
use crate::clock::Moment;
use crate::place::Hz;

/// Draws the stream; `choose` gets the rate that somebody picks.
pub(crate) fn stream_view(stream: &Stream, choose: &Callback<Hz>) -> Html {
    let words = AttrValue::from(summary(&stream.ring));
    html! {
        <section class="stream" aria-labelledby="stream-title">
            <header>
                <div>
                    <h1 id="stream-title">{"Stream"}</h1>
                    <p class="quiet">{"A signal of the server, drawn as it arrives."}</p>
                </div>
                { rates(stream.hz, choose) }
            </header>
            { figures(stream) }
            <figure class="card chart">
                <Chart ring={stream.ring.clone()} words={words.clone()} />
                if stream.ring.newest().is_none() {
                    <p class="empty">{"Waiting for the first reading…"}</p>
                }
                <figcaption id="stream-summary" class="quiet">{ words }</figcaption>
            </figure>
        </section>
    }
}

fn rates(chosen: Hz, choose: &Callback<Hz>) -> Html {
    let rate = |hz: Hz| {
        let on_change = choose.reform(move |_: Event| hz);
        html! {
            <label>
                <input type="radio" name="hz" id={format!("stream-hz-{}", hz.get())}
                    checked={hz == chosen} onchange={on_change} />
                <span>{ hz.get() }</span>
            </label>
        }
    };
    html! {
        <fieldset class="choice">
            <legend>{"Readings a second"}</legend>
            { for Hz::CHOICES.into_iter().map(rate) }
        </fieldset>
    }
}

fn figures(stream: &Stream) -> Html {
    let current = stream.ring.newest().map(|newest| newest.value);
    let (low, high) = stream.ring.extent().unzip();
    let (label, rate) = if stream.line.is_online() {
        ("Current", stream.rate.at(Moment::now().millis()))
    } else {
        ("Last", 0.0)
    };
    html! {
        <dl class="figures">
            { figure(label, "stream-value", reading(current)) }
            { figure("Messages a second", "stream-rate", format!("{rate:.1}")) }
            { figure("Lowest", "stream-lowest", reading(low)) }
            { figure("Highest", "stream-highest", reading(high)) }
        </dl>
    }
}

fn figure(label: &'static str, id: &'static str, value: String) -> Html {
    html! { <div class="card figure"><dt>{ label }</dt><dd {id}>{ value }</dd></div> }
}

/// A value for people: three decimals and a true minus, or a dash for none.
fn reading(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}").replace('-', "\u{2212}"))
}

fn summary(ring: &Ring) -> String {
    match (ring.newest(), ring.extent()) {
        (Some(newest), Some((low, high))) => format!(
            "The last {} seconds: now {}, between {} and {}.",
            Ring::WINDOW,
            reading(Some(newest.value)),
            reading(Some(low)),
            reading(Some(high)),
        ),
        (_, _) => "No readings yet.".to_owned(),
    }
}
