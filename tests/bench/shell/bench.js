// What the driver asks for: `openLines`, a `turn` of one of them, `closeLines`; and `Talker` talks.

import init, { Echo, Talker } from "./bench_page.js";
import { rawBinary, rawText } from "./raw.js";

await init();

const clients = {
  "raw": rawText,
  "raw-binary": rawBinary,
  "keepline-plain-json": (url) => new Echo("plain-json", url),
  "keepline-plain-binary": (url) => new Echo("plain-binary", url),
  "keepline-session": (url) => new Echo("session", url),
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let lines = {};

/** Opens a line for each `[client, url]`. */
globalThis.openLines = async (wanted) => {
  for (const [client, url] of wanted) {
    lines[client] = clients[client](url);
  }
  while (!Object.values(lines).every((line) => line.isOpen())) {
    await sleep(1);
  }
};

/** How many messages a client heard, and in how many milliseconds. All have come when it ends. */
globalThis.turn = async (client, inFlight, warmUpMs, lastsMs) => {
  const line = lines[client];
  line.begin(inFlight);
  await sleep(warmUpMs);
  const [began, before] = [performance.now(), line.heard];
  await sleep(lastsMs);
  const measured = [line.heard - before, performance.now() - began];
  line.rest();
  while (line.outstanding > 0) {
    await sleep(1);
  }
  return measured;
};

globalThis.closeLines = () => {
  Object.values(lines).forEach((line) => line.free());
  lines = {};
};

globalThis.Talker = Talker;
