//! How WebKitGTK's own small browser is started, and which driver steers it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use thirtyfour::Capabilities;
use tokio::net::TcpStream;

use super::{Beside, Started};
use crate::display::Display;
use crate::environment;
use crate::port::Port;
use crate::program::Program;
use crate::wait::{PATIENCE, until};

/// Starts MiniBrowser on a display of its own, and its driver.
pub(super) async fn start(profile: &Path) -> anyhow::Result<Started> {
    let display = Display::start().await?;
    let (inspector, steering) = (Port::hold()?, Port::hold()?);
    let program = launch(profile, &display, &inspector).await?;
    let driver = drive(&inspector, &steering).await?;
    let address = steering.http("");
    let beside = Beside { _display: Some(display), _ports: vec![inspector, steering] };
    Ok(Started { program, driver, address, capabilities: Capabilities::new(), beside })
}

/// Starts MiniBrowser, whose inspector listens on this port.
async fn launch(profile: &Path, display: &Display, port: &Port) -> anyhow::Result<Program> {
    let mut command = Command::new(environment::path(environment::MINIBROWSER)?);
    command.arg("--automation").env("DISPLAY", display.name());
    command.env("WEBKIT_INSPECTOR_SERVER", format!("127.0.0.1:{}", port.number()));
    command.env("HOME", profile).env("TMPDIR", profile).env("XDG_RUNTIME_DIR", profile);
    for folder in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(folder, profile);
    }
    // Neither the settings nor the accessibility of a desktop, which may not be there.
    command.env("GSETTINGS_BACKEND", "memory").env("NO_AT_BRIDGE", "1");
    listening(Program::start(&mut command)?, port).await
}

/// Starts the driver, which steers the browser of that inspector.
async fn drive(inspector: &Port, port: &Port) -> anyhow::Result<Program> {
    let mut command = Command::new(environment::path(environment::WEBKITDRIVER)?);
    command.arg(format!("--port={}", port.number()));
    command.arg(format!("--target=127.0.0.1:{}", inspector.number()));
    listening(Program::start(&mut command)?, port).await
}

/// Waits until the program, which does not say so, listens on its port.
async fn listening(program: Program, port: &Port) -> anyhow::Result<Program> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
    until("a port to be listened on", PATIENCE, async || {
        Ok(TcpStream::connect(address).await.ok().map(|_| ()))
    })
    .await
    .with_context(|| format!("it printed:\n{}", program.printed()))?;
    Ok(program)
}
