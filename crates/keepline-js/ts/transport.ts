/**
 * One native socket, and what it tells its driver.
 *
 * @module
 */

import type { Address } from "./endpoint.js";
import { UnsupportedError } from "./errors.js";

/** A message of a plain line: it stays in JavaScript, the core knows only its size. */
export type Payload = string | ArrayBuffer | ArrayBufferView<ArrayBuffer> | Blob;

/** The size in bytes; of a text, its length in UTF-16 units. */
export const sizeOf = (payload: Payload): number =>
  typeof payload === "string"
    ? payload.length
    : payload instanceof Blob
      ? payload.size
      : payload.byteLength;

/** A session has no text frames, and calls an empty one malformed. */
export const frameOf = (data: unknown): Uint8Array =>
  data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array();

/** Takes the news of a socket; called from the event loop, never from within a call. */
export interface Listener {
  opened(conn: number, socket: WebSocket): void;
  arrived(conn: number, data: string | ArrayBuffer | Blob): void;
  failed(): void;
  closed(conn: number, event: CloseEvent): void;
  /** The environment has made no connection, and says so by staying silent. */
  notMade(conn: number, isForbidden: boolean): void;
}

/**
 * How long `close` may stay away after an `error` before the socket counts as never made: Chromium
 * and WebKit do that for what the page's policy forbids, WebKit also for mixed content and when
 * there are too many sockets; Node 20 whenever a handshake fails.
 */
const CLOSE_FOLLOWS_ERROR_MS = 500;

/** As it was when this was loaded: a page may put our own class in its place later. */
const Native = globalThis.WebSocket as typeof WebSocket | undefined;

/**
 * The class of native sockets.
 *
 * @throws {@link UnsupportedError} where there is none.
 */
export function nativeClass(): typeof WebSocket {
  const found = Native ?? (globalThis.WebSocket as typeof WebSocket | undefined);
  if (found) return found;
  throw new UnsupportedError(
    "there is no WebSocket here: in Node 20, start it with --experimental-websocket," +
      " or set globalThis.WebSocket to the class of the package ws",
  );
}

export class Transport {
  readonly socket: WebSocket;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #policy = new AbortController();

  /** @throws What the constructor of `WebSocket` throws. */
  constructor(conn: number, { url, protocols }: Address, type: BinaryType, heard: Listener) {
    const socket = (this.socket = new (nativeClass())(url, protocols));
    socket.binaryType = type;
    const isForbidden = lookOutForPolicy(url, this.#policy.signal);
    socket.onopen = () => {
      this.#policy.abort();
      heard.opened(conn, socket);
    };
    socket.onmessage = (event) => heard.arrived(conn, event.data);
    socket.onerror = () => {
      this.#timer = setTimeout(() => {
        // At the error WebKit still says CONNECTING of mixed content, and Node 20 says it for ever.
        // Of one that says CLOSING the `close` is to come.
        const { readyState, url } = socket;
        if (readyState === 0 || readyState === 3) {
          heard.notMade(conn, isForbidden() || isInsecure(url));
        }
      }, CLOSE_FOLLOWS_ERROR_MS);
      heard.failed();
    };
    socket.onclose = (event) => {
      this.#still();
      heard.closed(conn, event);
    };
  }

  /** Whether the socket would swallow a message without a word (WHATWG WebSockets §3.1). */
  get isClosing(): boolean {
    return this.socket.readyState > 1;
  }

  /** Stops listening, and closes the socket if it can be. */
  abandon(): void {
    this.#still();
    const { socket } = this;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // In Node an error that nobody hears ends the process.
    socket.onerror = () => {};
    if (!this.isClosing) socket.close(1000);
  }

  #still(): void {
    clearTimeout(this.#timer);
    this.#policy.abort();
  }
}

/**
 * Whether a page of the secure web would open an insecure socket: WebKit opens none, the others only
 * to their own machine (Mixed Content §4). A Worker made of a Blob has the origin of its page and no
 * such URL, a sandboxed frame has such a URL and no origin.
 */
export function isInsecure(url: string): boolean {
  const { origin, location } = globalThis as Partial<typeof globalThis>;
  return url.startsWith("ws:") && /^https:|,https:/.test(`${origin},${location?.href}`);
}

/**
 * Looks out for the report that the page's policy has blocked a connection to `url` (Content
 * Security Policy Level 3 §5.5), and says whether there was one. It comes to the global scope, and
 * may name the URL in full or only its origin.
 */
export function lookOutForPolicy(url: string, signal: AbortSignal): () => boolean {
  let isForbidden = false;
  const heard = (event: Event): void => {
    const { disposition, effectiveDirective, blockedURI } = event as SecurityPolicyViolationEvent;
    const isOurs = disposition === "enforce" && effectiveDirective === "connect-src";
    isForbidden ||= isOurs && url.startsWith(blockedURI);
  };
  globalThis.addEventListener?.("securitypolicyviolation", heard as EventListener, { signal });
  return () => isForbidden;
}
