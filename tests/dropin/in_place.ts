// What the web-platform-tests run with: our class in the place of the browser's own.

import { KeeplineWebSocket } from "../../crates/keepline-js/ts/websocket";

const IS_IN_PLACE = Symbol.for("keepline is in place");

// A page may get this script twice.
if (!(IS_IN_PLACE in globalThis)) {
  const value = KeeplineWebSocket.with({ reconnect: false });
  Object.defineProperty(globalThis, IS_IN_PLACE, { value: true });
  Object.defineProperty(globalThis, "WebSocket", { value, writable: true, configurable: true });
}
