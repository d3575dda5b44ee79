//! Stories that are the same in several engines, each a test of its own in each of them.

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

/// Makes a test for Chromium and one for WebKit of a story that takes an engine.
macro_rules! in_chromium_and_webkit {
    ($story:ident) => {
        mod $story {
            use e2e::browser::Engine;

            #[tokio::test]
            async fn in_chromium() -> anyhow::Result<()> {
                super::$story(Engine::Chromium).await
            }

            #[tokio::test]
            async fn in_webkit() -> anyhow::Result<()> {
                super::$story(Engine::WebKit).await
            }
        }
    };
}
