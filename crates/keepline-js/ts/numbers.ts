/**
 * What the numbers stand for that cross between the driver and the core. `src/numbers.rs`
 * has the other side, and a test that compares the two; of the lists, `src/outputs.rs`,
 * `src/settings.rs` and `src/status.rs`.
 *
 * @module
 */

import type { Fate as FateWord, Reason } from "./status.js";

/** What the core asks of its driver. */
export const enum Act {
  Open,
  Renew,
  Diagnose,
  HandOver,
  Measure,
  Abandon,
  Discard,
  Flush,
  Room,
  Refuse,
}

/** What is told to a line by no more than numbers. */
export const enum News {
  Refused,
  Unavailable,
  TooLarge,
  PeerClosing,
  Buffered,
  Shown,
  Restored,
  Resumed,
  NetworkUp,
  Slept,
  Hidden,
  NetworkDown,
  Suspended,
  Left,
  TryAgain,
  Stop,
  Unusable,
  Arrived,
  Answered,
  Diagnosed,
}

/** What is asked of it by no more than numbers. */
export const enum Call {
  Timeout,
  Connect,
  Retry,
  Abandon,
  SendHeld,
  Cancel,
  Took,
  Reads,
  Flush,
  Due,
  Owns,
  LargestFrame,
  LargestMessage,
  QueuedMessages,
  QueuedBytes,
  HasRoomFor,
  WasRefused,
}

/** What is asked of it, or told to it, by a text and numbers. */
export const enum Words {
  Send,
  Close,
  Renew,
  Opened,
  Closed,
  Provided,
  Terms,
}

/** The same, by bytes and a number. */
export const enum Bytes {
  Send,
  Received,
  Random,
}

/** What was found out about a failed handshake, where it is no HTTP status. */
export const enum Found {
  Redirected = 1,
  Opaque,
  Unreachable,
  MixedContent,
  Unknown,
}

/** The same in words, by their places; no status and no close code is as low. */
export const FOUND = [
  "",
  "redirected",
  "opaque",
  "unreachable",
  "mixedContent",
  "unknown",
] as const;

/** How the application judges a close. */
export const enum Verdict {
  None,
  Retry,
  End,
}

/** Where a line stands. */
export const STATES = ["idle", "connecting", "online", "waiting", "closing", "ended"] as const;

/** Why a line is down, for a while or for good. */
export const REASONS = [
  "",
  "timedOut",
  "failed",
  "closed",
  "silent",
  "paced",
  "perhapsNotKeepline",
  "broken",
  "bye",
  "goneAway",
  "notProvided",
  "providerSilent",
  "diagnosed",
  "offline",
  "suspended",
  "slept",
  "application",
  "refused",
  "notKeepline",
  "session",
  "badEndpoint",
] as const satisfies readonly ("" | Reason)[];

/** What became of messages, after the two events that are no fate. */
export const FATES = [
  "roundTrip",
  "restarted",
  "delivered",
  "neverSent",
  "notTaken",
  "tooLarge",
  "dropped",
  "replaced",
  "expired",
  "cancelled",
  "lineLost",
  "sessionLost",
  "ended",
  "forgotten",
] as const satisfies readonly ("roundTrip" | "restarted" | "delivered" | FateWord)[];

/** The places of {@link FATES} at which a message certainly was not taken, and may have been. */
export const enum Fate {
  RoundTrip,
  Restarted,
  Delivered,
  FirstLoss,
  FirstDoubt = 10,
}

/**
 * The options that are numbers, in the order of their places, with the core's own defaults; a test
 * of `src/settings.rs` compares them. The last places are switches.
 */
export const SETTINGS = {
  connectTimeoutMs: 8_000,
  closeTimeoutMs: 5_000,
  settleAfterMs: 5_000,
  retryBaseMs: 500,
  retryCapMs: 30_000,
  attemptsPerMinute: 20,
  wakeFreshMs: 5_000,
  wakeWithinMs: 2_500,
  asleepMs: 30_000,
  wakeJitterMs: 200,
  messageBytes: 12_582_912,
  outboxMessages: 8_192,
  outboxBytes: 16_777_216,
  inboxMessages: 8_192,
  inboxBytes: 16_777_216,
  bufferHighBytes: 1_048_576,
  bufferLowBytes: 262_144,
  sessionMessageBytes: 262_144,
  windowMessages: 4_096,
  windowBytes: 1_048_576,
};

/** The places after {@link SETTINGS}. */
export const enum Switch {
  Provider = 20,
  Diagnosis,
  Session,
  SendAgain,
  ProbeIdle,
  ProbeWithin,
  ProbeHiddenIdle,
}
