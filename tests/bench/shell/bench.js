// What the driver asks for: `openLines`, a `turn` of one of them, `closeLines`; and `Talker` talks.

import init, { Echo, Talker } from "./bench_page.js";
import { rawBatched, rawBinary, rawText } from "./raw.js";

await init();

const clients = {
  "raw": rawText,
  "raw-binary": rawBinary,
  "raw-batched": rawBatched,
  "keepline-plain-json": (url) => new Echo("plain-json", url),
  "keepline-plain-binary": (url) => new Echo("plain-binary", url),
  "keepline-session": (url) => new Echo("session", url),
};

const DEADLINE_MS = 10_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(client, what, isSo) {
  for (const began = performance.now(); !isSo(); await sleep(1)) {
    if (performance.now() - began > DEADLINE_MS) {
      throw new Error(`${client}: ${what} in vain for ${DEADLINE_MS} ms`);
    }
  }
}

let lines = {};

/** Opens a line for each `[client, url]`. */
globalThis.openLines = async (wanted) => {
  for (const [client, url] of wanted) {
    const line = (lines[client] = clients[client](url));
    await until(client, `waited for ${url}`, () => line.isOpen());
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
  await until(client, "waited for the last messages", () => line.outstanding === 0);
  return measured;
};

globalThis.closeLines = () => {
  Object.values(lines).forEach((line) => line.free());
  lines = {};
};

globalThis.Talker = Talker;
