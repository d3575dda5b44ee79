//! The web sites that serve the pages of the tests, and the npm package.

use std::path::Path;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::environment;

/// A static site on a free port of the loopback; dropping it stops it.
#[derive(Debug)]
pub struct StaticSite {
    port: u16,
    serving: AbortHandle,
}

impl StaticSite {
    /// Serves the page, with `policy` as the Content-Security-Policy of every answer.
    ///
    /// # Errors
    ///
    /// When no port is free, or the page was not built.
    pub async fn start(policy: Option<HeaderValue>) -> anyhow::Result<Self> {
        Self::serve(&environment::path(environment::PAGE)?, &environment::shell(), policy).await
    }

    /// Serves the page of the benchmarks.
    ///
    /// # Errors
    ///
    /// When no port is free, or the page was not built.
    pub async fn of_benchmarks() -> anyhow::Result<Self> {
        let compiled = environment::path(environment::BENCH)?;
        Self::serve(&compiled, &environment::bench_shell(), None).await
    }

    /// Serves the npm package, without a bundler in between, around the page's static files.
    ///
    /// # Errors
    ///
    /// When no port is free, or the package was not built.
    pub async fn of_package() -> anyhow::Result<Self> {
        Self::of_package_under(None).await
    }

    /// The same, with `policy` as the Content-Security-Policy of every answer.
    ///
    /// # Errors
    ///
    /// When no port is free, or the package was not built.
    pub async fn of_package_under(policy: Option<HeaderValue>) -> anyhow::Result<Self> {
        let dist = environment::path(environment::PACKAGE)?.join("dist");
        Self::serve(&dist, &environment::shell(), policy).await
    }

    /// Serves a folder.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn of_folder(folder: &Path) -> anyhow::Result<Self> {
        Self::serve(folder, folder, None).await
    }

    async fn serve(
        compiled: &Path,
        shell: &Path,
        policy: Option<HeaderValue>,
    ) -> anyhow::Result<Self> {
        let files = ServeDir::new(shell).fallback(ServeDir::new(compiled));
        let policy = SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, move |_: &_| {
            policy.clone()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let router = Router::new().fallback_service(files).layer(policy);
        let serving = tokio::spawn(async { axum::serve(listener, router).await }).abort_handle();
        Ok(Self { port, serving })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of `path`.
    #[must_use]
    pub fn http(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for StaticSite {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
