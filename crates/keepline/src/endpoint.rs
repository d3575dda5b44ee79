//! Where a line leads: the URL and the subprotocols, checked once.

use std::error::Error;
use std::fmt;

use js_sys::{Array, encode_uri_component};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Url;

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
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) subprotocols: Array,
}

impl Endpoint {
    pub(crate) fn new(
        url: &str,
        query: &[(String, String)],
        subprotocols: &[String],
    ) -> Result<Self, UrlError> {
        let resolved = resolve(url)?;
        if !query.is_empty() {
            resolved.set_search(&with_parameters(&resolved.search(), query));
        }
        let subprotocols = subprotocols.iter().map(|token| JsValue::from_str(token)).collect();
        Ok(Self { url: resolved.href(), subprotocols })
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

/// Parses `url`, relative to the page or Worker, and maps `http` to `ws` (WHATWG WebSockets §3.1).
fn resolve(url: &str) -> Result<Url, UrlError> {
    let base = LOCATION.with(|location| location.as_ref().map(Location::href));
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
pub(crate) fn is_token(subprotocol: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !subprotocol.is_empty() && subprotocol.bytes().all(is_token_byte)
}
