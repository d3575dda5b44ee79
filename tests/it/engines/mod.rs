//! What each engine does with sockets, and what the SDK makes of it: docs/browsers.md, as tests.

/// Makes a test for each engine of a story that takes one.
macro_rules! in_each_engine {
    ($story:ident) => {
        mod $story {
            use e2e::browser::Engine;

            #[tokio::test]
            async fn in_chromium() -> anyhow::Result<()> {
                super::$story(Engine::Chromium).await
            }

            #[tokio::test]
            async fn in_firefox() -> anyhow::Result<()> {
                super::$story(Engine::Firefox).await
            }

            #[tokio::test]
            async fn in_webkit() -> anyhow::Result<()> {
                super::$story(Engine::WebKit).await
            }
        }
    };
}

mod bare;
mod line;
