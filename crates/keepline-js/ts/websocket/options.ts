/**
 * What a `KeeplineWebSocket` can be told besides what the browser's class takes.
 *
 * @module
 */

import type { Config } from "../config.js";
import type { Endpoint, EndpointFunction } from "../endpoint.js";
import { mustBe } from "../checks.js";
import { config, inRange, type Options, type Probe } from "../options.js";
import { protocolList } from "./arguments.js";

/** A value, or a function that is asked for one before each attempt. */
export type Provided<T> = T | (() => T | PromiseLike<T>);

/** The options of {@link Options} that a drop-in has too, with the same defaults. */
type Shared = Pick<
  Options,
  | "connectTimeoutMs"
  | "closeTimeoutMs"
  | "settleAfterMs"
  | "retryBaseMs"
  | "retryCapMs"
  | "attemptsPerMinute"
  | "outboxMessages"
  | "outboxBytes"
  | "pageLifecycle"
  | "diagnosis"
>;

/** How a `KeeplineWebSocket` behaves. */
export interface KeeplineWebSocketOptions extends Shared {
  /** As {@link Options.probe}; an answer that is bytes comes as the socket's `binaryType` says. */
  readonly probe?: Omit<Probe, "answer"> & {
    readonly answer: string | ((data: string | ArrayBuffer | Blob) => boolean);
  };
  /**
   * Whether a lost or failed connection is replaced. Default: `true`. With `false` the socket does
   * what the browser's own does, and has no deadline unless one is given.
   */
  readonly reconnect?: boolean;
  /**
   * Whether `send` queues while there is no connection, instead of throwing `InvalidStateError`. A
   * message over `outboxMessages` or `outboxBytes` fails the socket (WHATWG WebSockets §3.1: its
   * buffer is full). Default: as `reconnect`.
   */
  readonly queueWhileConnecting?: boolean;
  /**
   * The most attempts in a row of which none has settled: brought a message, and lived for
   * `settleAfterMs`. Default: no end.
   */
  readonly maxAttempts?: number;
  /** Whether another attempt follows this loss. Default: unless its close code says otherwise. */
  readonly shouldReconnect?: (event: CloseEvent) => boolean;
  /** Begins in state `CLOSED`, until `reconnect()` is called. Default: `false`. */
  readonly startClosed?: boolean;
  /** Tells of each change of the line: to the console, or to a function. Default: `false`. */
  readonly debug?: boolean | ((...told: unknown[]) => void);
}

/**
 * What a line is told once.
 *
 * @internal
 */
export interface Settings {
  readonly reconnect: boolean;
  readonly queues: boolean;
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  readonly maxAttempts: number;
  readonly startClosed: boolean;
  readonly debug: (...told: unknown[]) => void;
  readonly config: Config;
}

const MOST = 2 ** 31;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** The outbox is bounded by the socket itself, also while there is no core. */
const UNBOUNDED = {
  messageBytes: MOST,
  outboxMessages: MOST,
  outboxBytes: MOST,
  inboxBytes: MOST,
  bufferHighBytes: MOST,
};

/** No deadline that the browser's own class does not have. */
const AS_NATIVE = {
  connectTimeoutMs: DAY_MS,
  closeTimeoutMs: DAY_MS,
  asleepMs: DAY_MS,
  pageLifecycle: false,
};

const OF_DROP_INS = /^(connectTimeoutMs|closeTimeoutMs|probe|pageLifecycle|diagnosis)$/;

const OF_RECONNECTION =
  /^(settleAfterMs|retry(Base|Cap)Ms|attemptsPerMinute|maxAttempts|shouldReconnect|startClosed)$/;

/**
 * @throws TypeError for an option that is unknown, out of its range, or contradicts another.
 *
 * @internal
 */
export function settings(
  url: Provided<string>,
  protocols: Provided<unknown>,
  given: KeeplineWebSocketOptions,
): Settings {
  const {
    reconnect = true,
    queueWhileConnecting: queues = reconnect,
    outboxMessages = 8_192,
    outboxBytes = MOST / 128,
    maxAttempts = Infinity,
    startClosed = false,
    shouldReconnect,
    debug,
    ...others
  } = given;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!reconnect && OF_RECONNECTION.test(name)) {
      throw new TypeError(`${name} is of sockets that reconnect only`);
    }
    if (!queues && name.startsWith("outbox")) {
      throw new TypeError(`${name} is of sockets that queue only`);
    }
  }
  for (const name in others) {
    if (!OF_DROP_INS.test(name) && !OF_RECONNECTION.test(name)) {
      throw new TypeError(`there is no option ${name}`);
    }
  }
  mustBe("boolean", { reconnect, queueWhileConnecting: queues, startClosed });
  mustBe("function", { shouldReconnect });
  if (typeof debug !== "boolean") mustBe("function", { debug });
  inRange("outboxMessages", outboxMessages);
  inRange("outboxBytes", outboxBytes);
  if (maxAttempts !== Infinity) inRange("maxAttempts", maxAttempts);
  const isFixed = typeof url !== "function" && typeof protocols !== "function";
  const provide: EndpointFunction = async () => endpoint(await ask(url), await ask(protocols));
  const common = config(provide, { ...(reconnect ? {} : AS_NATIVE), ...others, ...UNBOUNDED });
  return {
    reconnect,
    queues,
    outboxMessages,
    outboxBytes,
    maxAttempts,
    startClosed,
    debug: debug === true ? console.debug : debug || (() => {}),
    config: {
      ...common,
      mayReturn: reconnect,
      endpoint: isFixed ? { url, protocols: protocols as string[] } : provide,
      judge: (event) => {
        if (!reconnect) return "end";
        return shouldReconnect && (shouldReconnect(event) ? "retry" : "end");
      },
    },
  };
}

const ask = <T>(source: Provided<T>): T | PromiseLike<T> =>
  typeof source === "function" ? (source as () => T | PromiseLike<T>)() : source;

const endpoint = (url: unknown, protocols: unknown): Endpoint => ({
  url: url as string,
  protocols: protocolList(protocols ?? undefined),
});
