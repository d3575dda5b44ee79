//! The drop-in for the browser's `WebSocket`, in pages that load the package as it is published.

mod alike;
mod reconnecting;
