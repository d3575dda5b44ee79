//! Which web pages may open a socket here: pure, decided from two headers.
//!
//! CORS does not cover WebSockets, so without this any page that a person visits could open a
//! socket with that person's cookies (RFC 6455 §10.2). It does not prevent DNS rebinding: a page
//! whose name was made to point at this server names itself in `Host` too, looks like the server's
//! own, and reaches even one that listens on loopback, though without that person's cookies for it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

/// The origins that may connect besides those that always may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    Every,
    These(BTreeSet<String>),
}

impl Allowed {
    pub(crate) fn parse(origins: &[String]) -> Result<Self, OriginError> {
        let these =
            origins.iter().map(|origin| checked(origin)).collect::<Result<BTreeSet<_>, _>>()?;
        Ok(if these.contains("*") { Self::Every } else { Self::These(these) })
    }

    /// Whether a page of `origin` may connect to a server addressed as `host`.
    ///
    /// No `origin` means no browser, which could claim any origin it liked anyway. A loopback page
    /// may talk to a loopback server on another port (`trunk serve`), but not to a public one.
    pub(crate) fn admits(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin.map(str::to_ascii_lowercase) else { return true };
        let named = match self {
            Self::Every => true,
            Self::These(these) => these.contains(&origin),
        };
        named || is_at_home(&origin, host)
    }
}

/// An entry of `--allow-origin` that no browser would ever send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginError {
    entry: String,
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry } = self;
        write!(f, "{entry:?} is not an origin such as https://example.com or http://[::1]:8080")
    }
}

impl std::error::Error for OriginError {}

fn checked(entry: &str) -> Result<String, OriginError> {
    let origin = entry.trim().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_graphic() && !"/?#@\\".contains(c);
    let is_origin = match origin.split_once("://") {
        Some((scheme, authority)) => {
            !scheme.is_empty() && !authority.is_empty() && authority.chars().all(plain)
        }
        None => matches!(origin.as_str(), "*" | "null"),
    };
    is_origin.then_some(origin).ok_or_else(|| OriginError { entry: entry.to_owned() })
}

fn is_at_home(origin: &str, host: Option<&str>) -> bool {
    let (Some((_, page)), Some(host)) = (origin.split_once("://"), host) else { return false };
    page.eq_ignore_ascii_case(host) || (is_loopback(page) && is_loopback(host))
}

fn is_loopback(authority: &str) -> bool {
    let name = without_port(authority).to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) => address.is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &[&str]) -> Allowed {
        Allowed::parse(&origins.iter().map(|&it| it.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_page_from_elsewhere_is_refused_unless_it_was_named() {
        let elsewhere = Some("https://evil.example");
        assert!(!allowed(&[]).admits(elsewhere, Some("keepline.example")));
        assert!(!allowed(&[]).admits(elsewhere, Some("127.0.0.1:5000")));
        assert!(!allowed(&[]).admits(elsewhere, None));
        assert!(allowed(&["https://EVIL.example"]).admits(elsewhere, Some("keepline.example")));
        assert!(allowed(&["*"]).admits(elsewhere, Some("keepline.example")));
    }

    #[test]
    fn the_servers_own_pages_and_programs_without_an_origin_are_let_in() {
        let host = Some("Keepline.example:8080");
        assert!(allowed(&[]).admits(Some("https://keepline.example:8080"), host));
        assert!(allowed(&[]).admits(None, host));
        assert!(!allowed(&[]).admits(Some("https://keepline.example"), host));
    }

    #[test]
    fn a_loopback_page_may_talk_to_a_loopback_server_only() {
        for page in ["http://localhost:8080", "http://app.localhost", "http://[::1]:9"] {
            assert!(allowed(&[]).admits(Some(page), Some("127.0.0.1:5000")), "{page}");
            assert!(!allowed(&[]).admits(Some(page), Some("keepline.example")), "{page}");
        }
        let lookalike = Some("http://localhost.evil.example");
        assert!(!allowed(&[]).admits(lookalike, Some("127.0.0.1:5000")));
        assert!(!allowed(&[]).admits(Some("http://127.0.0.1.evil"), Some("localhost")));
    }

    #[test]
    fn a_sandboxed_page_has_the_origin_null_which_must_be_named() {
        assert!(!allowed(&[]).admits(Some("null"), Some("127.0.0.1:5000")));
        assert!(allowed(&["null"]).admits(Some("null"), Some("127.0.0.1:5000")));
    }

    #[test]
    fn what_is_not_an_origin_is_refused_when_the_server_is_built() {
        for entry in ["example.com", "https://", "://x", "https://a/b", "https://a b", ""] {
            assert!(Allowed::parse(&[entry.to_owned()]).is_err(), "{entry:?}");
        }
    }
}
