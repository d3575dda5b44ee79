// The npm package as a part of a Node process, told by `tests/it/package_examples.rs`: throws if it
// goes wrong, and ends by itself if not.
import { strict as assert } from "node:assert";
import { getEventListeners } from "node:events";
import { connect, KeeplineWebSocket } from "keepline";
import WebSocket from "ws";

const [plain, session, nobody, silent] = process.argv.slice(2);
globalThis.WebSocket = WebSocket;

/** How many timers keep the process alive. */
const timers = () => process.getActiveResourcesInfo().filter((it) => it === "Timeout").length;

/** Until none does; sockets have some of their own while they close. */
async function quiet() {
  while (timers()) await new Promise(setImmediate);
}

const stands = (line, state) =>
  new Promise((resolve) => {
    const off = line.on("status", (status) => {
      if (status.state !== state) return;
      off();
      resolve(status);
    });
  });

// A signal that outlives its lines keeps nothing of them.
const application = new AbortController();
const { signal } = application;
for (const [url, isSession] of [
  [plain, false],
  [session, true],
]) {
  const line = await connect(url, { session: isSession, signal });
  await line.online();
  assert.equal(getEventListeners(signal, "abort").length, 1);
  assert.equal((await line.finish()).reason, "application");
  assert.equal(getEventListeners(signal, "abort").length, 0);
}
const aborted = await connect(plain, { signal });
await aborted.online();
application.abort();
assert.equal((await aborted.ended()).reason, "application");

// A line that waits for its next attempt has something to do, and a process waits for it.
await quiet();
const waiting = await connect(nobody, { retryBaseMs: 60_000, retryCapMs: 60_000 });
await stands(waiting, "waiting");
assert.equal(timers(), 1);
waiting.close();
assert.equal(timers(), 0);

// A handshake that nobody answers is given up, by whoever wants to, and the process goes on.
const given = await connect(silent);
given.close();
const late = await connect(silent, { connectTimeoutMs: 50 });
assert.equal((await stands(late, "waiting")).why.reason, "timedOut");
late.close();
const socket = new KeeplineWebSocket(silent);
await new Promise((resolve) => setTimeout(resolve, 50));
socket.close();
await new Promise((resolve) => socket.addEventListener("close", resolve));

// On one that is up and has nothing to do, it is the socket that a process waits for.
const online = await connect(plain, { settleAfterMs: 1 });
await online.online();
online.send("anything");
for await (const _ of online) break;
await quiet();
online.close();
await online.ended();
// Nothing keeps the process alive now.
