/**
 * On which terms a message waits, as long as no connection was given it.
 *
 * @module
 */

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

/** The next message that is sent waits on these terms. */
export const agree = (line: Line, { latest, dropOldest, expiresMs }: SendOptions): number =>
  line.words(
    Words.Terms,
    String(latest ?? ""),
    +(dropOldest ?? false),
    expiresMs === undefined ? 0 : Math.max(expiresMs, SOON_MS),
    0,
    0,
  );
