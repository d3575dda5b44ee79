//! A port of the loopback that nobody else gets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port that is held by a bound socket which does not listen: connections to it are refused.
///
/// Linux lets another socket with `SO_REUSEADDR` listen on it meanwhile, which tokio and asyncio
/// set, and gives it to nobody who asks for any free port. So a program can leave it and come
/// back to it while other tests run. Dropping it frees the port.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    _held: TcpSocket,
}

impl Port {
    /// Takes a free port of the loopback.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub fn hold() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self { address: socket.local_addr()?, _held: socket })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.address.port()
    }

    /// The address of `path` for a page.
    #[must_use]
    pub fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The address of `path` for a socket.
    #[must_use]
    pub fn ws(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }
}
