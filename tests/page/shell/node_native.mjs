// The npm package over Node's own WebSocket, told by `tests/it/package_examples.rs`: throws if it
// goes wrong.
import { strict as assert } from "node:assert";
import { createServer } from "node:net";
import { connect, KeeplineWebSocket } from "keepline";

const [plain, session] = process.argv.slice(2);

/** A port at which nobody listens any more. */
const closed = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

// Node 20 tells of a handshake that has failed by an error alone, and stays CONNECTING.
const refused = await connect(`ws://127.0.0.1:${closed}/`, { retryBaseMs: 60_000, retryCapMs: 60_000 });
const status = await new Promise((resolve) => {
  refused.on("status", (status) => status.state === "waiting" && resolve(status));
});
assert.equal(status.why.reason, "failed");
refused.close();

// Of each attempt the drop-in says so once.
const vain = new KeeplineWebSocket(`ws://127.0.0.1:${closed}/`, [], { retryBaseMs: 1, maxAttempts: 2 });
const told = [];
vain.onerror = ({ type }) => told.push(type);
await new Promise((resolve) => {
  vain.onclose = ({ type }) => {
    told.push(type);
    if (vain.readyState === 3) resolve();
  };
});
assert.deepEqual(told, ["error", "close", "error", "close"]);

for (const [url, isSession] of [
  [plain, false],
  [session, true],
]) {
  const line = await connect(url, { session: isSession });
  for (let number = 0; number < 100; number++) line.send({ number });
  let next = 0;
  for await (const { number } of line) {
    assert.equal(number, next++);
    if (next === 100) break;
  }
  if (isSession) await line.delivered(100);
  assert.equal((await line.finish()).reason, "application");
}

const socket = new KeeplineWebSocket(plain);
socket.send("queued until the socket is open");
const { data } = await new Promise((resolve) => (socket.onmessage = resolve));
assert.equal(data, "queued until the socket is open");
socket.close(1000);
await new Promise((resolve) => (socket.onclose = resolve));
// Nothing keeps the process alive now.
