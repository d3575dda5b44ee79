// The npm package over Node's own WebSocket, told by `tests/it/package_examples.rs`: throws if it
// goes wrong.
import { strict as assert } from "node:assert";
import { connect, KeeplineWebSocket } from "keepline";

const [plain, session] = process.argv.slice(2);

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
