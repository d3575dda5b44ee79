/**
 * Everything that can go wrong, by name.
 *
 * @module
 */

import type { Fate, Status, Why } from "./status.js";

/** The root of all errors of this package; `code` says which one it is. */
export class KeeplineError extends Error {
  // What a minifier makes of the name is not to be read in anybody's console.
  static override readonly name: string = "KeeplineError";
  /** A word that does not change between versions, unlike the message. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/**
 * Why a message was not accepted; nothing of it is kept.
 *
 * - `tooLarge`: it is over the limit, and always will be;
 * - `full`: the outbox has no room for it now, see `Line.ready()`;
 * - `ended`: the line has ended, or takes no more messages since it is to be closed or finished;
 * - `unserializable`: it cannot be put into a frame (a cycle, a `BigInt`, a function, a detached
 *   buffer); `cause` is what was thrown, if something was.
 */
export class SendError extends KeeplineError {
  static override readonly name: string = "SendError";
  declare readonly code: "tooLarge" | "full" | "ended" | "unserializable";
  /** The size of the message when it is `tooLarge`, or the outbox is `full`. */
  declare readonly bytes?: number;
  /** The size that a message may have, when it is `tooLarge`. */
  declare readonly limit?: number;

  /** @internal */
  constructor(code: string, message: string, cause?: unknown, sizes?: object) {
    super(code, message, cause);
    Object.assign(this, sizes);
  }
}

/**
 * How the core refuses a message over the limit, and with a full outbox.
 *
 * @internal
 */
export const TOO_LARGE = -1;
export const FULL = -2;

/**
 * The core has refused a message so.
 *
 * @internal
 */
export function notSent(
  refusal: number | undefined,
  bytes: number,
  limit: number,
  { state }: Status,
): SendError {
  const size = `a message of ${bytes} bytes`;
  if (refusal === TOO_LARGE) {
    const words = `${size} is over the limit of ${limit}`;
    return new SendError("tooLarge", words, undefined, { bytes, limit });
  }
  if (refusal === FULL) {
    return new SendError("full", `the outbox has no room for ${size}`, undefined, { bytes });
  }
  const words = state === "ended" ? "has ended" : "is closing, and takes no more messages";
  return new SendError("ended", `the line ${words}`);
}

/** Why a message was not delivered. */
export class DeliveryError extends KeeplineError {
  static override readonly name: string = "DeliveryError";
  declare readonly code: Fate;

  /** `false` if the message certainly was not taken, and never will be; else nobody knows. */
  readonly mayHaveArrived: boolean;

  constructor(code: Fate, mayHaveArrived: boolean) {
    super(code, mayHaveArrived ? `the message may be lost: ${code}` : `not delivered: ${code}`);
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** The line has ended; `why` says why. */
export class EndedError extends KeeplineError {
  static override readonly name: string = "EndedError";
  /** Why the line ended; `undefined` if it had when it was asked. */
  readonly why: Why | undefined;

  constructor(why?: Why) {
    super("ended", `the line has ended${why ? `: ${why.reason}` : ""}`);
    this.why = why;
  }
}

/** There is no WebAssembly or no WebSocket here, or the page's Content-Security-Policy forbids it. */
export class UnsupportedError extends KeeplineError {
  static override readonly name: string = "UnsupportedError";
  constructor(message: string, cause?: unknown) {
    super("unsupported", message, cause);
  }
}

/** Thrown by an endpoint function to end the line, instead of being asked again. */
export class StopError extends KeeplineError {
  static override readonly name: string = "StopError";
  constructor(message: string, cause?: unknown) {
    super("stop", message, cause);
  }
}
