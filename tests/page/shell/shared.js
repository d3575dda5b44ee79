// Runs the lines in a SharedWorker, for every page that connects to it.

import init, { Page } from "./e2e_page.js";

// Pages may connect before the module is there.
const ready = init().then(() => new Page());

self.onconnect = async ({ ports: [port] }) => {
  const page = await ready;
  port.onmessage = ({ data }) => port.postMessage(page.perform(data));
  port.postMessage("ready");
};
