/**
 * What a line tells its listeners, by name: another one is a mistake.
 *
 * @module
 */

import type { Data } from "./codec.js";
import type { Fate, Status } from "./status.js";

/** What a line tells its listeners. */
export interface Events<In = unknown> {
  /** The line stands differently. */
  status: Status;
  /** A message. While somebody listens to this, none waits for an iterator. */
  message: In;
  /** The far end's application has taken the messages `first` to `last`. Sessions only. */
  delivered: { readonly first: number; readonly last: number };
  /**
   * Messages that the far end certainly has not taken, and never will; or, if `mayHaveArrived`, of
   * which nobody knows.
   */
  undelivered: {
    readonly first: number;
    readonly last: number;
    readonly fate: Fate;
    readonly mayHaveArrived: boolean;
  };
  /** So many messages were dropped, because the inbox was full. */
  dropped: { readonly count: number };
  /** A message of at least so many bytes was over the limit, and is not delivered. */
  tooLarge: { readonly bytes: number };
  /** A message that the codec could not make a value of; the line stays up. */
  undecodable: { readonly data: Data; readonly error: unknown };
  /**
   * The far end has lost the session, and a new one has begun. So many of its messages are missing,
   * if that is known. Sessions only.
   */
  restarted: { readonly missed: number | undefined };
  /** A probe was answered. */
  roundTrip: { readonly ms: number };
}

/**
 * The names of {@link Events}.
 *
 * @internal
 */
export const EVENTS: readonly (keyof Events)[] = [
  "status",
  "message",
  "delivered",
  "undelivered",
  "dropped",
  "tooLarge",
  "undecodable",
  "restarted",
  "roundTrip",
];
