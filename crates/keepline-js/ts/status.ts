/**
 * Where a line stands, and why.
 *
 * @module
 */

import type { REASONS } from "./numbers.js";

/** Why a line is down, in a word. */
export type Reason = Exclude<(typeof REASONS)[number], "">;

/** Why a line is down, for a while or for good. */
export interface Why {
  /** In a word. */
  readonly reason: Reason;
  /** The close code that goes with it (RFC 6455 §7.4), or the HTTP status that was found. */
  readonly code?: number;
  /**
   * The far end's own words, or the environment's; often empty. For `diagnosed` without a code, what
   * was found: `redirected`, `opaque` (an answer that the page may not read), `unreachable`,
   * `mixedContent` or `unknown`.
   */
  readonly words: string;
}

/** Where a line stands. */
export type Status =
  /** Not begun. */
  | { readonly state: "idle" }
  /** A handshake is under way; the attempts are counted from 1 since the line last settled. */
  | { readonly state: "connecting"; readonly attempt: number }
  /** Sends go out at once. `subprotocol` is the one that the server chose, or empty. */
  | { readonly state: "online"; readonly subprotocol: string }
  /** Down; sends wait. The next attempt is due at `retryAtMs`, as `performance.now()` counts. */
  | {
      readonly state: "waiting";
      readonly why: Why;
      readonly attempt: number;
      readonly retryAtMs: number;
    }
  /** The application asked to close; the closing handshake is under way. */
  | { readonly state: "closing" }
  /** Down for good. */
  | { readonly state: "ended"; readonly why: Why };
