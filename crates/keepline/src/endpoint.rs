//! Where a line leads: the URL and the subprotocols, checked once.

use std::error::Error;
use std::fmt;

use js_sys::{Array, encode_uri_component};
use keepline_core::wire::Coding;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Url;

use crate::builder::BuildError;
use crate::provider::Endpoint;

#[wasm_bindgen]
extern "C" {
    type Location;

    #[wasm_bindgen(method, getter)]
    fn href(this: &Location) -> String;

    // Of the global scope, whichever it is; there is none in some hosts.
    #[wasm_bindgen(thread_local_v2, js_name = location)]
    static LOCATION: Option<Location>;
}

/// What a WebSocket is opened with.
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) subprotocols: Array,
}

/// What holds for every endpoint of a line.
#[derive(Clone, Default)]
pub(crate) struct Common {
    pub(crate) query: Vec<(String, String)>,
    pub(crate) subprotocols: Vec<String>,
    /// How a session is spoken.
    pub(crate) coding: Option<Coding>,
}

impl Common {
    /// Where `endpoint` leads, if that can be used.
    pub(crate) fn address(&self, endpoint: &Endpoint) -> Result<Address, BuildError> {
        let subprotocols = self.subprotocols(&endpoint.subprotocols)?;
        let url = self.url(endpoint).map_err(|error| {
            let url = without_secrets(&endpoint.url);
            BuildError::Url { url, error }
        })?;
        Ok(Address { url, subprotocols })
    }

    /// Whether it can be used at all, whatever a provider adds.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        self.subprotocols(&[]).map(drop)
    }

    fn url(&self, endpoint: &Endpoint) -> Result<String, UrlError> {
        let resolved = resolve(&endpoint.url)?;
        for query in [&self.query, &endpoint.query] {
            if !query.is_empty() {
                resolved.set_search(&with_parameters(&resolved.search(), query));
            }
        }
        Ok(resolved.href())
    }

    fn subprotocols(&self, others: &[String]) -> Result<Array, BuildError> {
        let tokens: Vec<&String> = self.subprotocols.iter().chain(others).collect();
        for (position, token) in tokens.iter().enumerate() {
            if !is_token(token) || tokens[..position].contains(token) {
                return Err(BuildError::Subprotocol(position + 1));
            }
        }
        match self.coding {
            None => Ok(tokens.into_iter().map(|token| JsValue::from_str(token)).collect()),
            Some(_) if !tokens.is_empty() => Err(BuildError::TwoProtocols),
            Some(coding) => Ok(Array::of1(&JsValue::from_str(coding.subprotocol()))),
        }
    }
}

/// Why a URL leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// It is not a URL, or a relative one where there is nothing to be relative to.
    Malformed,
    /// Its scheme is none of `ws`, `wss`, `http` and `https`.
    Scheme,
    /// Its port is one that browsers refuse to connect to (Fetch §2.9, port blocking). They would
    /// report it as an ordinary failure, for ever.
    ForbiddenPort,
    /// It has a fragment (`#…`), which means nothing to a server (WHATWG WebSockets §3.1).
    Fragment,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not a URL",
            Self::Scheme => "its scheme is none of ws, wss, http and https",
            Self::ForbiddenPort => "its port is one that browsers refuse to connect to",
            Self::Fragment => "it has a fragment (#), which a WebSocket URL may not have",
        })
    }
}

impl Error for UrlError {}

/// The URL of the page or Worker; there is none in some hosts.
pub(crate) fn page_url() -> Option<String> {
    LOCATION.with(|location| location.as_ref().map(Location::href))
}

/// Parses `url`, relative to the page or Worker, and maps `http` to `ws` (WHATWG WebSockets §3.1).
fn resolve(url: &str) -> Result<Url, UrlError> {
    let base = page_url();
    let parsed = Url::new(url).or_else(|error| match base {
        Some(base) => Url::new_with_base(url, &base),
        None => Err(error),
    });
    let resolved = parsed.map_err(|_| UrlError::Malformed)?;
    match resolved.protocol().as_str() {
        "ws:" | "wss:" => {}
        "http:" => resolved.set_protocol("ws:"),
        "https:" => resolved.set_protocol("wss:"),
        _ => return Err(UrlError::Scheme),
    }
    if resolved.href().contains('#') {
        return Err(UrlError::Fragment);
    }
    match resolved.port().parse() {
        Ok(port) if FORBIDDEN_PORTS.contains(&port) => Err(UrlError::ForbiddenPort),
        // A port that does not parse is empty: the scheme's own.
        Ok(_) | Err(_) => Ok(resolved),
    }
}

/// The bad ports of Fetch §2.9, on which a browser might be made to talk to another protocol.
const FORBIDDEN_PORTS: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// `search` with parameters added; what it holds already is not touched, for it may be signed.
fn with_parameters(search: &str, query: &[(String, String)]) -> String {
    let mut search = search.to_owned();
    for (name, value) in query {
        search.push(if search.is_empty() { '?' } else { '&' });
        search += &String::from(encode_uri_component(name));
        search.push('=');
        search += &String::from(encode_uri_component(value));
    }
    search
}

/// Whether a subprotocol is a token (RFC 6455 §4.1, RFC 9110 §5.6.2), as browsers demand.
fn is_token(subprotocol: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !subprotocol.is_empty() && subprotocol.bytes().all(is_token_byte)
}

/// A URL as an error may show it: without user, query and fragment. If it cannot be told which of
/// them something is, without that as well.
pub(crate) fn without_secrets(url: &str) -> String {
    let mut parts = url.split(['?', '#']);
    let address = parts.next().unwrap_or_default();
    let (user, rest) = match address.rsplit_once('@') {
        // It may end a password that has such a letter in it, or be in a query.
        _ if parts.any(|part| part.contains('@')) => (address, ""),
        Some(both) => both,
        None => return address.to_owned(),
    };
    // To a browser `wss:me:pw@host` is as good as `wss://me:pw@host`.
    let is_of = |scheme: &&str| {
        user.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    match ["ws:", "wss:", "http:", "https:"].into_iter().find(is_of) {
        Some(scheme) => format!("{scheme}//{rest}"),
        None => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn an_error_about_a_url_tells_no_secret() {
        for url in
            ["ws://me:pw@h/p?token=1", "ws://h/p#access_token=1", "ws://me@h/p?#", "ws://h/p"]
        {
            let shown = without_secrets(url);
            assert!(shown == "ws://h/p", "{url} is shown as {shown}");
        }
        for url in ["ws:me:pw@h/p", "ws:/me:pw@h/p", "WS:\\\\me:pw@h/p", "ws://me:p/w@h/p"] {
            let shown = without_secrets(url);
            assert!(shown == "ws://h/p", "{url} is shown as {shown}");
        }
        for url in ["//me:pw@h/p", "w\ts://me:pw@h/p", "me:pw@h/p"] {
            assert_eq!(without_secrets(url), "h/p");
        }
        assert_eq!(without_secrets(""), "");
    }

    #[test]
    fn what_may_be_of_a_password_or_of_a_query_is_not_told() {
        for url in ["wss://me:pw#1@h/p", "wss://me:pw?1@h/p", "wss://me@x:pw#1@h/p?token=1"] {
            assert_eq!(without_secrets(url), "wss://");
        }
        for url in ["wss://h/p?token=pw@1", "wss://h/p#pw@1", "wss://me@h/p?@pw"] {
            assert_eq!(without_secrets(url), "wss://");
        }
        assert_eq!(without_secrets("me:pw#1@h/p"), "");
    }
}
