// What the driver asks for: `measure(…)` promises messages per second, and `Talker` talks.

import init, { Talker, echo } from "./bench_page.js";
import { rawBinary, rawText } from "./raw.js";

await init();

const clients = {
  "raw": rawText,
  "raw-binary": rawBinary,
  "keepline-plain-json": (...round) => echo("plain-json", ...round),
  "keepline-plain-binary": (...round) => echo("plain-binary", ...round),
  "keepline-session": (...round) => echo("session", ...round),
};

globalThis.measure = (client, ...round) => clients[client](...round);
globalThis.Talker = Talker;
