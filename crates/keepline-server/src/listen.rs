//! Accepts TCP connections, a bounded number of them, and speaks HTTP/1.1 on each.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::stop::StopSignal;

/// Connections beside the sockets: pages, health checks, and sockets that are being refused.
const BESIDE_SOCKETS: usize = 128;

/// How long a client may take to send the head of a request, or to think of the next one.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// How long a connection may last that never becomes a socket.
const HTTP_WITHIN: Duration = Duration::from_secs(300);

/// How long requests may take to finish when the server stops.
const LAST_REQUESTS_WITHIN: Duration = Duration::from_millis(500);

/// How long to wait after the system could not give us a connection, as when it has no file
/// descriptors left.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// One of a bounded number of connections. A socket keeps it, so that it counts to its end.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Serves `router` to whoever connects until the stop is over; nothing is left running after it.
pub(crate) async fn listen(
    listener: TcpListener,
    router: Router,
    max_sockets: u32,
    mut stop: StopSignal,
) {
    let seats = Arc::new(Semaphore::new(max_sockets as usize + BESIDE_SOCKETS));
    let mut connections = JoinSet::new();
    loop {
        select! {
            () = stop.finished() => break,
            (stream, admission) = accept(&listener, &seats) => {
                while connections.try_join_next().is_some() {}
                connections.spawn(serve(stream, admission, router.clone(), stop.clone()));
            }
        }
    }
    let all_ended = async { while connections.join_next().await.is_some() {} };
    let _in_time = timeout(LAST_REQUESTS_WITHIN, all_ended).await;
}

async fn accept(listener: &TcpListener, seats: &Arc<Semaphore>) -> (TcpStream, Admission) {
    let seat = Arc::clone(seats).acquire_owned().await;
    let permit = Arc::new(seat.expect("nobody closes the semaphore"));
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => return (stream, Admission { _permit: permit }),
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => sleep(ACCEPT_AGAIN_AFTER).await,
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers the requests of one connection; returns when it ends or becomes a socket.
async fn serve(stream: TcpStream, admission: Admission, router: Router, mut stop: StopSignal) {
    let _only_slower_without = stream.set_nodelay(true);
    let routes = TowerToHyperService::new(router);
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(admission.clone());
        routes.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    let mut connection = pin!(connection);
    select! {
        _ended_or_lasted_too_long = timeout(HTTP_WITHIN, connection.as_mut()) => {}
        () = stop.finished() => {
            connection.as_mut().graceful_shutdown();
            let _answered_its_last = connection.await;
        }
    }
}
