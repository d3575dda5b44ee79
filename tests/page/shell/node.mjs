// The npm package in Node, told by `tests/it/package_examples.rs`: throws if it goes wrong.
import { strict as assert } from "node:assert";
import { connect, KeeplineWebSocket } from "keepline";
import WebSocket from "ws";

// Where none is given, that is what the error says, and how to give one.
const none = { name: "UnsupportedError", message: /no WebSocket here.*--experimental-websocket/ };
await assert.rejects(connect(process.argv[2]), none);
assert.throws(() => new KeeplineWebSocket(process.argv[2]), none);

globalThis.WebSocket = WebSocket;

for (const [url, session] of [
  [process.argv[2], false],
  [process.argv[3], true],
]) {
  const line = await connect(url, { session });
  for (let number = 0; number < 100; number++) line.send({ number });
  let next = 0;
  for await (const { number } of line) {
    assert.equal(number, next++);
    if (next === 100) break;
  }
  if (session) await line.delivered(100);
  assert.equal((await line.finish()).reason, "application");
}
// Nothing keeps the process alive now.
