// Runs the lines in a Worker, and answers each request in its turn.

import init, { Page } from "./e2e_page.js";

await init();
const page = new Page();
self.onmessage = ({ data }) => self.postMessage(page.perform(data));
self.postMessage("ready");
