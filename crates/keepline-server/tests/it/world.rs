//! A running server, and clients that wait for what they expect, never longer than a deadline.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use keepline_server::{Options, OptionsError, Server};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// Far above what anything here takes, far below what a stuck test would.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// What the system buffers on each side of a narrow line.
const NARROW: u32 = 4 * 1024;

/// Waits for something that must happen.
pub(crate) async fn soon<T>(what: &str, happens: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, happens).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited in vain: {what}"),
    }
}

/// A server in this process. Dropping it drops its sockets.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), OptionsError>>,
}

impl World {
    pub(crate) fn start() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        Self::on(TcpSocket::new_v4().unwrap(), options)
    }

    /// Behind lines so narrow that a client that does not read is soon noticed.
    pub(crate) fn narrow(options: Options) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(NARROW).unwrap();
        socket.set_recv_buffer_size(NARROW).unwrap();
        Self::on(socket, options)
    }

    fn on(socket: TcpSocket, options: Options) -> Self {
        Self::serving(socket, |listener, stopped| keepline_server::run(listener, options, stopped))
    }

    /// An application of somebody else's, with `server` inside.
    pub(crate) fn of(app: axum::Router, server: Server) -> Self {
        Self::serving(TcpSocket::new_v4().unwrap(), |listener, stopped| async move {
            let stopped = async move {
                stopped.await;
                server.stop().await;
            };
            axum::serve(listener, app).with_graceful_shutdown(stopped).await.unwrap();
            Ok(())
        })
    }

    fn serving<F>(
        socket: TcpSocket,
        serve: impl FnOnce(TcpListener, BoxFuture<'static, ()>) -> F,
    ) -> Self
    where
        F: Future<Output = Result<(), OptionsError>> + Send + 'static,
    {
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let running = tokio::spawn(serve(listener, Box::pin(stopped)));
        Self { address, stop: Some(stop), running }
    }

    pub(crate) async fn connect(&self, path: &str) -> Client {
        Client::open(self.address, path, &[]).await.unwrap()
    }

    /// A client at the other end of a narrow line.
    pub(crate) async fn connect_narrow(&self, path: &str) -> Client {
        self.connect_narrow_with(path, &[]).await
    }

    pub(crate) async fn connect_narrow_with(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(NARROW).unwrap();
        socket.set_send_buffer_size(NARROW).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        Client::over(stream, request(self.address, path, headers)).await.unwrap()
    }

    /// Tells the server to stop; [`World::stopped`] waits for it.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn stopped(&mut self) {
        soon("the server to stop", &mut self.running).await.unwrap().unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.address, path, &[]).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// A WebSocket client.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) response: Response,
}

impl Client {
    pub(crate) async fn open(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        Self::over(stream, request(address, path, headers)).await
    }

    pub(crate) async fn over(stream: TcpStream, request: Request) -> Result<Self, Error> {
        let opening = client_async(request, stream);
        let (socket, response) = soon("the upgrade", opening).await?;
        Ok(Self { socket, response })
    }

    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        soon("a message to be taken", self.socket.send(message.into())).await.unwrap();
    }

    /// The next message of the application; pings are answered on the way.
    pub(crate) async fn next(&mut self) -> Message {
        loop {
            match self.frame().await {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    /// The next frame of any kind.
    pub(crate) async fn frame(&mut self) -> Message {
        soon("a message", self.socket.next()).await.expect("the socket to be open").unwrap()
    }

    pub(crate) async fn text(&mut self) -> String {
        self.next().await.into_text().unwrap().to_string()
    }

    pub(crate) async fn json<T: DeserializeOwned>(&mut self) -> T {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// Reads on until the server closes: its code and its reason.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next().await {
                let frame = frame.expect("a close code");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    /// Reads on until the server has ended the connection as well.
    pub(crate) async fn ended(&mut self) {
        while let Some(Ok(_)) = soon("the end", self.socket.next()).await {}
    }

    /// From here on the test speaks bytes.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.socket.into_inner()
    }
}

pub(crate) fn request(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Request {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    request
}

/// An answer over plain HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn to(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += "connection: close\r\n\r\n";
        Self::to_raw(address, &request).await
    }

    pub(crate) async fn to_raw(address: SocketAddr, request: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        soon("an answer", stream.read_to_end(&mut answer)).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).expect("a status").parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }
}
