//! The drop-in for the browser's `WebSocket`, in pages that load the package as it is published.

/// Makes a test for Chromium and one for Firefox of a story that takes an engine.
macro_rules! in_chromium_and_firefox {
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
        }
    };
}

mod alike;
mod reconnecting;
