//! What a page holds: as its module knows it, and as Chromium's developer tools see it.

use anyhow::Context;
use e2e_page::report::Weight;
use e2e_page::request::Request;
use serde_json::{Value, json};

use crate::page::Page;

/// What a page holds once its garbage is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The size of the module's memory.
    pub memory_bytes: u64,
    /// The JavaScript values that the module holds, closures among them.
    pub references: u32,
    /// The listeners of events.
    pub listeners: u64,
    /// The sockets.
    pub sockets: u64,
    /// The timers that have not rung.
    pub timers: u64,
}

/// The name of the timers that run, counted by a stand-in for the two functions.
const COUNT_TIMERS: &str = "
    const { setTimeout, clearTimeout } = globalThis;
    const running = globalThis.runningTimers = new Set();
    globalThis.setTimeout = (ring, ...rest) => {
        const id = setTimeout(() => { running.delete(id); ring(); }, ...rest);
        running.add(id);
        return id;
    };
    globalThis.clearTimeout = (id) => { running.delete(id); clearTimeout(id); };
";

impl Page {
    /// Prepares it to be weighed, before any line is opened.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn count_timers(&self) -> anyhow::Result<()> {
        self.browser().run(COUNT_TIMERS, vec![]).await
    }

    /// What the module knows.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn weigh(&self) -> anyhow::Result<Weight> {
        Ok(self.ask(&Request::Weigh).await??)
    }

    /// What it holds, in Chromium.
    ///
    /// # Errors
    ///
    /// When it, or the browser, does not answer.
    pub async fn held(&self) -> anyhow::Result<Held> {
        // What the collection of one thing lets go of is collected by the next.
        for _ in 0..3 {
            self.devtools("HeapProfiler.collectGarbage", json!({})).await?;
        }
        let Weight { memory_bytes, references, .. } = self.weigh().await?;
        let timers = self.browser().run("return runningTimers.size", vec![]).await?;
        let (listeners, sockets) = (self.listeners().await?, self.sockets().await?);
        Ok(Held { memory_bytes, references, listeners, sockets, timers })
    }

    async fn listeners(&self) -> anyhow::Result<u64> {
        let counters = self.devtools("Memory.getDOMCounters", json!({})).await?;
        counters["jsEventListeners"].as_u64().context("Chromium counts no listeners")
    }

    /// All that are reachable, whoever holds them.
    async fn sockets(&self) -> anyhow::Result<u64> {
        let prototype = json!({"expression": "WebSocket.prototype", "objectGroup": "scales"});
        let prototype = self.devtools("Runtime.evaluate", prototype).await?;
        let prototype = &prototype["result"]["objectId"];
        let query = json!({"prototypeObjectId": prototype, "objectGroup": "scales"});
        let found = self.devtools("Runtime.queryObjects", query).await?;
        let count = json!({
            "objectId": found["objects"]["objectId"],
            "functionDeclaration": "function() { return this.length; }",
        });
        let count = self.devtools("Runtime.callFunctionOn", count).await?;
        self.devtools("Runtime.releaseObjectGroup", json!({"objectGroup": "scales"})).await?;
        count["result"]["value"].as_u64().context("Chromium counts no sockets")
    }

    async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        let answer = self.browser().driver().cdp().send_raw(command, parameters).await;
        answer.with_context(|| format!("{command} failed"))
    }
}
