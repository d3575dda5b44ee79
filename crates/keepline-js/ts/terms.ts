/**
 * On which terms a message waits, as long as no connection was given it.
 *
 * @module
 */

import { mustBe, refuse } from "./checks.js";
import { Words } from "./numbers.js";
import type { Line } from "./core.js";
import { SOON_MS } from "./works.js";

/** The terms of one message. Once a connection was given it, nothing takes it back. */
export interface SendOptions {
  /** Replaces the message that still waits under the same key. Default: none. */
  readonly latest?: string;
  /** Ends the message as `expired` if it still waits after so long. Default: it waits. */
  readonly expiresMs?: number;
  /** When the outbox is full, the oldest that wait on the same terms make room. Default: no. */
  readonly dropOldest?: boolean;
}

/**
 * The next message that is sent waits on these terms, once a line is told so.
 *
 * @throws `TypeError` for terms that are none.
 *
 * @internal
 */
export function agreed(terms: SendOptions): (line: Line) => void {
  mustBe("object", { terms });
  const { latest = "", dropOldest, expiresMs, ...others } = terms;
  refuse(others);
  mustBe("string", { latest });
  mustBe("boolean", { dropOldest });
  mustBe("number", { expiresMs });
  const expires = expiresMs === undefined ? 0 : Math.max(expiresMs, SOON_MS);
  if (isNaN(expires)) throw new TypeError("expiresMs must be a number");
  return (line) => line.words(Words.Terms, latest, +!!dropOldest, expires, 0, 0);
}
