//! From an HTTP request to an open socket (RFC 6455 §4.2), or to the reason why not.
//!
//! axum's own extractor hides the byte stream under the socket. It is needed here: to see that a
//! slow client is alive, and to let a client read its close code while it is still sending.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{
    CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use hyper::upgrade::OnUpgrade;
use keepline_core::wire::Coding;
use tokio::select;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::close::{Close, Ending};
use crate::listen::Admission;
use crate::server::{Readiness, Server};
use crate::socket::{Intake, Socket};
use crate::stop::StopSignal;

/// A request that may become a socket; an extractor for routers whose state holds a [`Server`].
///
/// It has checked what RFC 6455 §4.2.1 asks for, the page's origin, and that the server is not
/// stopping; what it refuses it has answered.
pub struct Upgrade {
    server: Server,
    connection: OnUpgrade,
    admission: Option<Admission>,
    accept: HeaderValue,
    offered: Vec<String>,
    selected: Option<HeaderValue>,
}

impl Upgrade {
    pub(crate) const fn server(&self) -> &Server {
        &self.server
    }

    /// Selects the first subprotocol that the client offers, if it offers any.
    pub(crate) fn selecting_first_subprotocol(self) -> Self {
        match self.offered.first().cloned() {
            Some(first) => self.selecting(&first),
            None => self,
        }
    }

    /// How the client's sessions are encoded, if it offers to have one: its first choice.
    pub(crate) fn coding(&self) -> Option<Coding> {
        self.offered.iter().find_map(|name| Coding::from_subprotocol(name))
    }

    /// Selects this one of them.
    pub(crate) fn selecting(self, subprotocol: &str) -> Self {
        Self { selected: HeaderValue::from_str(subprotocol).ok(), ..self }
    }

    /// Opens the socket, lets `talk` use it, and closes it with the outcome: 1000 if all is said.
    pub(crate) fn open<T>(self, talk: T) -> Response
    where
        T: for<'a> FnOnce(&'a mut Socket) -> BoxFuture<'a, Result<(), Ending>> + Send + 'static,
    {
        let message = self.server.options().message_limit;
        let stop = self.server.stop_signal();
        self.open_until(Intake { message, of_a_stranger: None }, stop, talk)
    }

    /// The same for a connection of a session, which takes in so much, and which a stopping server
    /// closes a little later.
    pub(crate) fn open_session<T>(self, intake: Intake, talk: T) -> Response
    where
        T: for<'a> FnOnce(&'a mut Socket) -> BoxFuture<'a, Result<(), Ending>> + Send + 'static,
    {
        let stop = self.server.session_stop_signal();
        self.open_until(intake, stop, talk)
    }

    fn open_until<T>(self, intake: Intake, stop: StopSignal, talk: T) -> Response
    where
        T: for<'a> FnOnce(&'a mut Socket) -> BoxFuture<'a, Result<(), Ending>> + Send + 'static,
    {
        let response = self.switching_protocols();
        let Self { server, connection, admission, .. } = self;
        let place = server.take_place();
        let (options, mut over) = (server.options(), server.stop_signal());
        let conversation = async move {
            let Ok(line) = connection.await else { return };
            let mut socket = Socket::open(line, intake, options, stop).await;
            let outcome = match place {
                Some(_) => talk(&mut socket).await,
                None => Err(Close::full().into()),
            };
            socket.finish(outcome.err().unwrap_or_else(|| Close::done().into())).await;
            drop((place, admission));
        };
        tokio::spawn(async move {
            select! {
                () = over.finished() => {}
                () = conversation => {}
            }
        });
        response
    }

    /// Opens the socket only to close it: a page cannot see why an upgrade was refused. A session's
    /// browser refuses it in its turn if the subprotocol that it offers is not selected.
    pub(crate) fn close(self, close: Close) -> Response {
        let upgrade = match self.coding() {
            Some(coding) => self.selecting(coding.subprotocol()),
            None => self,
        };
        upgrade.open(|_| Box::pin(async { Err(close.into()) }))
    }

    fn switching_protocols(&self) -> Response {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept.clone());
        if let Some(subprotocol) = self.selected.clone() {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        response
    }
}

impl<S> FromRequestParts<S> for Upgrade
where
    S: Send + Sync,
    Server: FromRef<S>,
{
    type Rejection = UpgradeError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, UpgradeError> {
        let server = Server::from_ref(state);
        if parts.method != Method::GET {
            return Err(UpgradeError::NotWebSocket);
        }
        let accept = accept_key(&parts.headers)?;
        if !server.admits(origin(&parts.headers)?, text(&parts.headers, &HOST)) {
            return Err(UpgradeError::ForbiddenOrigin);
        }
        if server.readiness() == Readiness::Stopping {
            return Err(UpgradeError::Stopping);
        }
        let connection = parts.extensions.remove::<OnUpgrade>();
        Ok(Self {
            server,
            connection: connection.ok_or(UpgradeError::NotWebSocket)?,
            admission: parts.extensions.remove::<Admission>(),
            accept,
            offered: tokens(&parts.headers, &SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect(),
            selected: None,
        })
    }
}

/// Why a request cannot become a socket; the answer to it says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeError {
    /// It does not ask for a WebSocket.
    NotWebSocket,
    /// It asks for a version other than 13.
    WrongVersion,
    /// Its key is not 16 bytes in base64.
    BadKey,
    /// It comes from a page that may not connect.
    ForbiddenOrigin,
    /// The server takes no new sockets.
    Stopping,
}

impl IntoResponse for UpgradeError {
    fn into_response(self) -> Response {
        let upgrade = [(UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")];
        match self {
            Self::NotWebSocket => {
                (StatusCode::UPGRADE_REQUIRED, upgrade, "this address speaks WebSocket")
                    .into_response()
            }
            Self::WrongVersion => {
                (StatusCode::UPGRADE_REQUIRED, upgrade, "only WebSocket version 13 is spoken here")
                    .into_response()
            }
            Self::BadKey => {
                (StatusCode::BAD_REQUEST, "sec-websocket-key must be 16 bytes in base64")
                    .into_response()
            }
            Self::ForbiddenOrigin => {
                let why = "pages of this origin may not connect; see --allow-origin";
                (StatusCode::FORBIDDEN, why).into_response()
            }
            Self::Stopping => {
                (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping").into_response()
            }
        }
    }
}

fn accept_key(headers: &HeaderMap) -> Result<HeaderValue, UpgradeError> {
    let asks = |name, wanted: &str| tokens(headers, name).any(|it| it.eq_ignore_ascii_case(wanted));
    if !(asks(&CONNECTION, "upgrade") && asks(&UPGRADE, "websocket")) {
        return Err(UpgradeError::NotWebSocket);
    }
    if text(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(UpgradeError::WrongVersion);
    }
    let key = text(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_sixteen_bytes(key));
    let accept = derive_accept_key(key.ok_or(UpgradeError::BadKey)?.as_bytes());
    HeaderValue::try_from(accept).map_err(|_| UpgradeError::BadKey)
}

fn is_sixteen_bytes(base64: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    base64.len() == 24 && base64.strip_suffix("==").is_some_and(|it| it.bytes().all(digit))
}

/// The page that asks; none only if there is no such header at all, as no browser leaves it out.
fn origin(headers: &HeaderMap) -> Result<Option<&str>, UpgradeError> {
    let mut lines = headers.get_all(ORIGIN).into_iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(line), None) => {
            line.to_str().map(Some).map_err(|_not_ascii| UpgradeError::ForbiddenOrigin)
        }
        (Some(_), Some(_)) => Err(UpgradeError::ForbiddenOrigin),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|token| !token.is_empty())
}
