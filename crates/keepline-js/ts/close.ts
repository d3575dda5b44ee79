/**
 * With what a line may be closed.
 *
 * @module
 */

import { utf8Bytes } from "./codec.js";

/**
 * The code is one that a page may send, and the reason fits into a close frame (WHATWG WebSockets
 * §3.1).
 *
 * @throws `RangeError` if not, `TypeError` for a reason that is no text.
 */
export function checkClose(code: number, reason: string): void {
  if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
    throw new RangeError("a page may close with 1000 and 3000 to 4999 only");
  }
  if (typeof reason !== "string") throw new TypeError("a close reason is a text");
  if (utf8Bytes(reason) > 123) throw new RangeError("a close reason has at most 123 bytes");
}
