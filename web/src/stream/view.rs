//! The stream as people see it.

use yew::prelude::*;

use super::chart::Chart;
use super::{Stream, ring::Ring};
use crate::clock::{self, Moment};
use crate::place::Hz;

/// Draws the stream; `choose` gets the rate that somebody picks.
pub(crate) fn stream_view(stream: &Stream, choose: &Callback<Hz>) -> Html {
    let now = Moment::now();
    let words = AttrValue::from(summary(&stream.ring, now));
    html! {
        <section class="stream" aria-labelledby="stream-title">
            <header>
                <div>
                    <h1 id="stream-title">{"Stream"}</h1>
                    <p class="quiet">{"A signal of the server, drawn as it arrives."}</p>
                </div>
                { rates(stream.hz, choose) }
            </header>
            { figures(stream, now) }
            <figure class="card chart">
                <Chart ring={stream.ring.clone()} present={stream.ring.present(now)}
                    words={words.clone()} />
                { emptiness(&stream.ring, now) }
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

/// What stands where there is no curve.
fn emptiness(ring: &Ring, now: Moment) -> Html {
    let silence = ring.silence(now).unwrap_or_default() / 1_000.0;
    match ring.newest() {
        None => html! { <p class="empty">{"Waiting for the first reading…"}</p> },
        Some(_) if silence > Ring::WINDOW => {
            html! { <p class="empty">{"No reading in the last minute"}</p> }
        }
        Some(_) => Html::default(),
    }
}

fn figures(stream: &Stream, now: Moment) -> Html {
    let current = stream.ring.newest().map(|newest| newest.value);
    let (low, high) = stream.ring.extent().unzip();
    let online = stream.line.is_online();
    let label = if online && stream.ring.silence(now).is_none() { "Current" } else { "Last" };
    let rate = if online { stream.rate.at(now.millis()) } else { 0.0 };
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

fn summary(ring: &Ring, now: Moment) -> String {
    let (Some(newest), Some((low, high))) = (ring.newest(), ring.extent()) else {
        return "No readings yet.".to_owned();
    };
    let [newest, low, high] = [newest.value, low, high].map(|value| reading(Some(value)));
    let window = Ring::WINDOW;
    match ring.silence(now) {
        None => format!("The last {window} seconds: now {newest}, between {low} and {high}."),
        Some(silence) => format!(
            "The last reading, {} ago: {newest}. The {window} seconds before: between {low} and \
             {high}.",
            clock::span(silence),
        ),
    }
}

#[cfg(test)]
mod tests {
    use keepline_demo::Sample;

    use super::*;

    #[test]
    fn a_reading_of_a_while_ago_is_not_called_the_present_one() {
        let mut ring = Ring::default();
        ring.push(Sample { timestamp: 7.0, value: -0.5 }, Moment::from_seconds(7.0));
        let after = |seconds| summary(&ring, Moment::from_seconds(7.0 + seconds));
        assert_eq!(after(1.0), "The last 60 seconds: now −0.500, between −0.500 and −0.500.");
        assert!(after(15.5).starts_with("The last reading, 15 s ago: −0.500."), "{}", after(15.5));
    }
}
