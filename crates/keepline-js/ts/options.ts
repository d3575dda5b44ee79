/**
 * The options of a line, checked before anything else is done with them.
 *
 * @module
 */

import { mustBe, refuse } from "./checks.js";
import type { Codec, Data } from "./codec.js";
import type { Config } from "./config.js";
import { address, asEndpoint, type Endpoint, type EndpointFunction } from "./endpoint.js";
import { SETTINGS, Switch } from "./numbers.js";
import { report } from "./report.js";
import { sizeOf } from "./transport.js";

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How a plain line asks for a sign of life. */
export interface Probe {
  /** The text that is sent when the line has been quiet. */
  readonly send: string;
  /**
   * What the far end answers, or how to know it; what a function throws is reported, and is no
   * answer. The answer is kept from the application; so every probe must be answered, and nobody
   * else must be able to have the same words sent.
   */
  readonly answer: string | ((data: string | ArrayBuffer) => boolean);
  /** Probes after this long without a message. Default: 10,000. */
  readonly idleMs?: number;
  /** Gives the line up when nothing arrives for so long after a probe. Default: 5,000. */
  readonly withinMs?: number;
  /** The same as `idleMs` while the page is hidden, and not below it. Default: `idleMs`. */
  readonly hiddenIdleMs?: number;
}

/** A line that is `raw` says text or bytes, and hears both. */
type Raw<Out, In> = [unknown, unknown] extends [Out, In]
  ? "raw"
  : [Out, Data] extends [string | BufferSource, In]
    ? "raw"
    : never;

/** How a line behaves. Everything has a default that is safe on the public internet. */
export interface Options<Out = unknown, In = unknown> {
  /**
   * Speaks `keepline.v1` (docs/protocol.md): every message is delivered exactly once and in order,
   * or reported. The server must speak it too. Default: `false`, the line is plain.
   */
  readonly session?: boolean;
  /** A session's credentials: see {@link Endpoint.credentials}. */
  readonly credentials?: string;
  /**
   * What becomes of messages of a session that the far end has lost: they are reported (`tell`), or
   * sent again, so that one which had been taken arrives twice (`sendAgain`). Default: `tell`.
   */
  readonly afterLoss?: "tell" | "sendAgain";
  /** The subprotocols that a plain line offers, or the only one. Default: none. */
  readonly protocols?: string | readonly string[];
  /**
   * How values become messages: `json`, `raw` (text and bytes as they are), or your own. What the
   * far end says is not checked to be an `In`. Default: `json`.
   */
  readonly codec?: "json" | Raw<Out, In> | Codec<Out, In>;
  /**
   * How a plain line proves that it is alive. Default: not at all, since an unknown text breaks
   * many a server; a half-open line is then noticed only when the browser does, after minutes
   * perhaps.
   */
  readonly probe?: Probe;
  /** What happens when a message finds the inbox of a plain line full. Default: `dropOldest`. */
  readonly whenInboxFull?: "dropOldest" | "dropNewest" | "close";
  /** Whether the line looks after itself when the page sleeps and wakes. Default: `true`. */
  readonly pageLifecycle?: boolean;
  /**
   * Whether failed handshakes are looked into by a `fetch` of the same URL. Not with the `WebSocket`
   * of Node 20, which does not say how they fail. Default: `false`.
   */
  readonly diagnosis?: boolean;
  /** Overrides what a close of the connection means for the line. */
  readonly onClosed?: (event: CloseEvent) => "retry" | "end" | undefined;
  /** Ends the line when it is aborted. */
  readonly signal?: AbortSignal;
  /** How long a handshake may take. Default: 8,000. */
  readonly connectTimeoutMs?: number;
  /** How long a closing handshake may take. Default: 5,000. */
  readonly closeTimeoutMs?: number;
  /**
   * A plain line has settled, and its earlier failures are forgotten, when a message has come and
   * it has lived for so long; a session's has with the server's greeting. Default: 5,000.
   */
  readonly settleAfterMs?: number;
  /** The ceiling of the first wait between attempts; it doubles with each. Default: 500. */
  readonly retryBaseMs?: number;
  /** The ceiling that no wait exceeds. Waits are drawn evenly from below it. Default: 30,000. */
  readonly retryCapMs?: number;
  /** The most attempts in any minute, whatever happens. Default: 20; at most 1,000. */
  readonly attemptsPerMinute?: number;
  /** On waking, a line that was heard within this time is not asked. Default: 5,000. */
  readonly wakeFreshMs?: number;
  /** On waking, a line that does not answer for so long is replaced. Default: the core's. */
  readonly wakeWithinMs?: number;
  /** A jump of the clock above this is a sleep. Default: 30,000. */
  readonly asleepMs?: number;
  /** Lines that wake try at once, but for a random part of this. Default: 200. */
  readonly wakeJitterMs?: number;
  /**
   * The largest message of a plain line, either way; what is received as a text counts in UTF-16
   * units. Default: 12 MiB, or as much as the inbox holds.
   */
  readonly messageBytes?: number;
  /** The most messages that wait to be sent; in a session also those not taken. Default: 8,192. */
  readonly outboxMessages?: number;
  /** The same in bytes. Default: 16 MiB; not below `messageBytes`. */
  readonly outboxBytes?: number;
  /** The most messages that wait to be read on a plain line. Default: 8,192. */
  readonly inboxMessages?: number;
  /** The same in bytes. Default: 16 MiB; not below `messageBytes`. */
  readonly inboxBytes?: number;
  /** What the browser may hold of what was sent before messages wait. Default: 1 MiB. */
  readonly bufferHighBytes?: number;
  /** When it has fallen to this they go on. Default: 256 KiB. */
  readonly bufferLowBytes?: number;
  /** The largest message of a session, either way. Default: 256 KiB, or what the window holds. */
  readonly sessionMessageBytes?: number;
  /** The most messages that a session's server has in flight. Default: 4,096. */
  readonly windowMessages?: number;
  /** The same in bytes. Default: 1 MiB. */
  readonly windowBytes?: number;
}

/** The options that are no numbers, but for those that only sessions or plain lines have. */
const OTHERS = ["session", "codec", "pageLifecycle", "diagnosis", "onClosed", "signal"];

const OF_SESSIONS = [
  "credentials",
  "afterLoss",
  "sessionMessageBytes",
  "windowMessages",
  "windowBytes",
];

const OF_PLAIN_LINES = [
  "protocols",
  "probe",
  "whenInboxFull",
  "inboxMessages",
  "inboxBytes",
  "messageBytes",
];

/** Pairs of which the first may not exceed the second, if both are given. */
const ORDERED = [
  ["retryBaseMs", "retryCapMs"],
  ["bufferLowBytes", "bufferHighBytes"],
  ["messageBytes", "outboxBytes"],
  ["messageBytes", "inboxBytes"],
  ["sessionMessageBytes", "windowBytes"],
  ["sessionMessageBytes", "outboxBytes"],
] as const;

/** These may be 0: nothing is fresh, no jitter, an empty buffer. */
const FROM_ZERO = ["wakeFreshMs", "wakeJitterMs", "bufferLowBytes"];

/**
 * What the driver is told.
 *
 * @throws `TypeError` for an option that is unknown, out of its range, or contradicts another.
 *
 * @internal
 */
export function config(
  endpoint: string | URL | Endpoint | EndpointFunction,
  options: Options<never, never>,
): Config {
  mustBe("object", { options });
  const { session, pageLifecycle, diagnosis, afterLoss, whenInboxFull } = options;
  const { probe, onClosed, protocols, credentials, signal } = options;
  mustBe("boolean", { session, pageLifecycle, diagnosis });
  mustBe("function", { onClosed });
  mustBe("object", { probe });
  mustBe("string", { credentials });
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw new TypeError("signal must be an AbortSignal");
  }
  oneOf("afterLoss", afterLoss, ["tell", "sendAgain"]);
  oneOf("whenInboxFull", whenInboxFull, ["dropOldest", "dropNewest", "close"]);
  const isSession = session ?? false;
  const settings = numbers(options, isSession);
  if (diagnosis) settings.push(Switch.Diagnosis, 1);
  if (afterLoss === "sendAgain") settings.push(Switch.SendAgain, 1);
  // An endpoint that leaves out what all have in common, or gives `undefined`, has that.
  const completed = (given: Endpoint): Endpoint =>
    ({
      ...given,
      protocols: given?.protocols ?? protocols,
      credentials: given?.credentials ?? credentials,
    }) as Endpoint;
  const provide = async (...asked: Parameters<EndpointFunction>): Promise<Endpoint> =>
    completed(asEndpoint(await (endpoint as EndpointFunction)(...asked)));
  return {
    settings,
    endpoint:
      typeof endpoint === "function" ? provide : address(completed(known(endpoint)), isSession),
    isSession,
    ...(probe && { probe: probeOf(probe, settings, options.messageBytes) }),
    watchesPage: pageLifecycle ?? true,
    judge: onClosed,
  };
}

/** What a function gives may have more in it, for it often comes from a server. */
function known(given: string | URL | Endpoint): Endpoint {
  const { url, protocols, credentials, expiresInMs, ...others } = asEndpoint(given) ?? {};
  refuse(others, "endpoint.");
  return asEndpoint(given);
}

/** Pairs of a place and a value. */
function numbers(options: Options<never, never>, isSession: boolean): number[] {
  const foreign = isSession ? OF_PLAIN_LINES : OF_SESSIONS;
  const all = { ...SETTINGS };
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined) continue;
    if (foreign.includes(name)) {
      throw new TypeError(`${name} is of ${isSession ? "plain lines" : "sessions"} only`);
    }
    if (Object.hasOwn(SETTINGS, name)) {
      all[name as keyof typeof SETTINGS] = inRange(name, value);
    } else if (![...OTHERS, ...OF_SESSIONS, ...OF_PLAIN_LINES].includes(name)) {
      throw new TypeError(`there is no option ${name}`);
    }
  }
  order(all, options, isSession);
  return Object.values(all).flatMap((value, place) => [place, value]);
}

function order(all: typeof SETTINGS, given: Options<never, never>, isSession: boolean): void {
  for (const [low, high] of ORDERED) {
    // A plain line has no window, and a session no inbox, whatever its bounds.
    if (isSession ? high === "inboxBytes" : low === "sessionMessageBytes") continue;
    // Who bounds what waits to be read need not say that no message is larger.
    const isOther = isSession && low === "messageBytes";
    const gives = isOther || (/^(inbox|window)B/.test(high) && given[low] === undefined);
    if (gives) all[low] = Math.min(all[low], all[high]);
    const [less, more] = [all[low], all[high]];
    if (less > more || (low === "bufferLowBytes" && less === more)) {
      throw new TypeError(`${low} (${less}) is above what ${high} (${more}) allows`);
    }
  }
}

/**
 * A time of at most a day, or a whole number.
 *
 * @throws `TypeError` for anything else.
 */
export function inRange(name: string, value: unknown): number {
  const isTime = name.endsWith("Ms");
  const lowest = FROM_ZERO.includes(name) ? 0 : isTime ? 0.001 : 1;
  const highest = isTime ? DAY_MS : name === "attemptsPerMinute" ? 1_000 : 2 ** 31;
  const isNumber = isTime ? typeof value === "number" : Number.isInteger(value);
  if (!isNumber || !((value as number) >= lowest && (value as number) <= highest)) {
    const kind = isTime ? "" : "whole ";
    throw new TypeError(`${name} must be a ${kind}number from ${lowest} to ${highest}`);
  }
  return value as number;
}

function oneOf(name: string, value: unknown, words: readonly unknown[]): void {
  if (value !== undefined && !words.includes(value)) {
    throw new TypeError(`${name} is none of ${words.join(", ")}`);
  }
}

function probeOf(
  probe: Probe,
  settings: number[],
  messageBytes = SETTINGS.messageBytes,
): NonNullable<Config["probe"]> {
  const {
    send,
    answer,
    idleMs = 10_000,
    withinMs = 5_000,
    hiddenIdleMs = idleMs,
    ...others
  } = probe;
  refuse(others, "probe.");
  if (typeof send !== "string" || !send) throw new TypeError("probe.send must be a text");
  if (sizeOf(send) > messageBytes) throw new TypeError("probe.send is above messageBytes");
  if (typeof answer !== "string" && typeof answer !== "function") {
    throw new TypeError("probe.answer must be a text or a function");
  }
  if (hiddenIdleMs < idleMs) throw new TypeError("probe.hiddenIdleMs is below probe.idleMs");
  settings.push(Switch.ProbeIdle, inRange("probe.idleMs", idleMs));
  settings.push(Switch.ProbeWithin, inRange("probe.withinMs", withinMs));
  settings.push(Switch.ProbeHiddenIdle, inRange("probe.hiddenIdleMs", hiddenIdleMs));
  const answers = (data: unknown): boolean => {
    if (typeof answer !== "function") return data === answer;
    try {
      return answer(data as string);
    } catch (thrown) {
      report(thrown);
      return false;
    }
  };
  return { send, answers };
}
