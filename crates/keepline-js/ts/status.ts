/**
 * Where a line stands, and why.
 *
 * @module
 */

/** Why a line is down, in a word: for a while, for good, or either. */
export type Reason =
  /** For a while: the handshake was not done within `connectTimeoutMs`. */
  | "timedOut"
  /** Either: the socket could not be opened, for a while; or the package itself has failed. */
  | "failed"
  /**
   * Either: the connection closed, before or after it opened. A browser tells a refused port, a
   * refused handshake and a broken line apart from nothing: all are code 1006.
   */
  | "closed"
  /** For a while: nothing arrived in time after a probe, or a session's heartbeat. */
  | "silent"
  /** For a while: nothing failed, but the last minute has seen `attemptsPerMinute`. */
  | "paced"
  /**
   * For a while: three attempts at a session in a row never opened, and none ever has. A server
   * that does not speak `keepline.v1` looks like this in some browsers.
   */
  | "perhapsNotKeepline"
  /** Either: the far end has broken the protocol of sessions. */
  | "broken"
  /** Either: a session's server said that it closes, and when to come back, or not to. */
  | "bye"
  /** For a while: the session has moved to a server that stays. */
  | "goneAway"
  /** Either: the endpoint function rejected; for good with a `StopError`. */
  | "notProvided"
  /** For a while: the endpoint function did not settle within `connectTimeoutMs`. */
  | "providerSilent"
  /** Either: the handshake failed, and `diagnosis` found out why. */
  | "diagnosed"
  /** For a while: the browser believes that there is no network. */
  | "offline"
  /** For a while: the page stands still, or was left. */
  | "suspended"
  /** For a while: the page slept, and the line has no probe to prove that it is still alive. */
  | "slept"
  /** For good: the application closed the line, or aborted its `signal`. */
  | "application"
  /** For good: the environment opens no such socket. */
  | "refused"
  /** For good: the server does not speak `keepline.v1`. */
  | "notKeepline"
  /** For good: the far end's application has ended the session. */
  | "session"
  /** For good: the endpoint function gave what leads nowhere. */
  | "badEndpoint";

/** What became of a message that was not delivered, in a word. */
export type Fate =
  /** The line ended before a connection was given it. */
  | "neverSent"
  /** The session ended before the far end's application took it. */
  | "notTaken"
  /** It is larger than the far end takes, which was known only later. */
  | "tooLarge"
  /** It made room for newer ones, as its `dropOldest` allows. */
  | "dropped"
  /** A newer one under the same key `latest` took its place. */
  | "replaced"
  /** No connection was given it within its `expiresMs`. */
  | "expired"
  /** The application took it back by `cancel`. */
  | "cancelled"
  /** It may have arrived: a plain line's connection had been given it, and was lost. */
  | "lineLost"
  /** It may have arrived: the far end has lost the session, and remembers nothing of it. */
  | "sessionLost"
  /** It may have arrived: the line ended before the far end had said so. */
  | "ended"
  /** It may have arrived: the account of it is kept no longer. */
  | "forgotten";

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
