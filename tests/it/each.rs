//! Stories that are the same in several engines, each a test of its own in each of them.

/// Makes a test for each of these engines of a story that takes one.
macro_rules! in_engines {
    ($story:ident, $($test:ident: $engine:ident),+) => {
        mod $story {
            $(
                #[tokio::test]
                async fn $test() -> anyhow::Result<()> {
                    super::$story(e2e::browser::Engine::$engine).await
                }
            )+
        }
    };
}

/// Makes a test for each engine of a story that takes one.
macro_rules! in_each_engine {
    ($story:ident) => {
        in_engines!($story, in_chromium: Chromium, in_firefox: Firefox, in_webkit: WebKit);
    };
}

/// Makes a test for Chromium and one for Firefox of a story that takes an engine.
macro_rules! in_chromium_and_firefox {
    ($story:ident) => {
        in_engines!($story, in_chromium: Chromium, in_firefox: Firefox);
    };
}

/// Makes a test for Chromium and one for WebKit of a story that takes an engine.
macro_rules! in_chromium_and_webkit {
    ($story:ident) => {
        in_engines!($story, in_chromium: Chromium, in_webkit: WebKit);
    };
}
