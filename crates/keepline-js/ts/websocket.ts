/**
 * The drop-in for the browser's `WebSocket`: a class with its interface, that reconnects.
 *
 * @module
 */

import { mustBe } from "./checks.js";
import { nativeClass } from "./transport.js";
import { checked, protocolList, required } from "./websocket/arguments.js";
import { Backing } from "./websocket/backing.js";
import { settings, type KeeplineWebSocketOptions, type Provided } from "./websocket/options.js";

export type { KeeplineWebSocketOptions, Provided } from "./websocket/options.js";

/** A `WebSocket` (WHATWG WebSockets §3.1) that replaces lost connections by new ones. */
export interface KeeplineWebSocket extends WebSocket {
  /** How many attempts in a row have failed before the present one. */
  readonly retryCount: number;
  /**
   * Leaves the present connection, if there is one, and makes a new one without a wait. The
   * arguments are those of `close`, as is what it throws.
   */
  reconnect(code?: number, reason?: string): void;
}

/** A class of {@link KeeplineWebSocket}. */
export interface KeeplineWebSocketClass {
  /**
   * Connects, as the browser's class does. A URL or subprotocols that come from a function are
   * asked for before each attempt; what the function rejects with counts as a failed attempt.
   *
   * @throws DOMException `SyntaxError` for a URL or a subprotocol that is none.
   * @throws TypeError for an option that is unknown, out of its range, or contradicts another.
   * @throws {@link UnsupportedError} where there is no `WebSocket` to connect with (in Node 20).
   */
  new (
    url: Provided<string | URL>,
    protocols?: Provided<string | string[] | null>,
    options?: KeeplineWebSocketOptions,
  ): KeeplineWebSocket;
  readonly prototype: KeeplineWebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

/** The class itself, and the way to others. */
export interface KeeplineWebSocketConstructor extends KeeplineWebSocketClass {
  /**
   * A class whose instances have these options: for code that is given the class, or finds it in
   * `globalThis.WebSocket`. With `{ reconnect: false }` it has exactly the interface of the
   * browser's.
   */
  with(options: KeeplineWebSocketOptions & { readonly reconnect: false }): typeof WebSocket;
  with(options: KeeplineWebSocketOptions): KeeplineWebSocketClass;
}

const backings = /* @__PURE__ */ new WeakMap<object, Backing>();

/** What is behind `this`; anything but a socket is a `TypeError` (WebIDL §3.7.6). */
function behind(socket: object): Backing {
  const found = backings.get(socket);
  if (!found) throw new TypeError("Illegal invocation");
  return found;
}

const describe = Object.getOwnPropertyDescriptors;

const attribute = (type: string): PropertyDescriptorMap =>
  describe({
    get [`on${type}`](): unknown {
      return behind(this).handlers.get(type);
    },
    set [`on${type}`](value: unknown) {
      behind(this).handlers.set(type, value);
    },
  });

// Accessors and methods of an object literal have the property descriptors that WebIDL wants.
const members = (): PropertyDescriptorMap => ({
  ...describe({
    get url() {
      return behind(this).url;
    },
    get readyState() {
      return behind(this).readyState;
    },
    get bufferedAmount() {
      return behind(this).bufferedAmount;
    },
  }),
  ...attribute("open"),
  ...attribute("error"),
  ...attribute("close"),
  ...describe({
    get extensions() {
      return behind(this).extensions;
    },
    get protocol() {
      return behind(this).protocol;
    },
    // Both arguments are optional, so that its `length` is 0.
    close(...given: unknown[]) {
      behind(this).close(given);
    },
  }),
  ...attribute("message"),
  ...describe({
    get binaryType() {
      return behind(this).binaryType;
    },
    set binaryType(type) {
      const found = behind(this);
      const text = `${type}`;
      if (text === "blob" || text === "arraybuffer") found.binaryType = text;
    },
    send(data: unknown) {
      const found = behind(this);
      required(arguments.length);
      found.send(data);
    },
  }),
  [Symbol.toStringTag]: { value: "WebSocket", configurable: true },
});

/** What the browser's class does not have. */
const additions = (): PropertyDescriptorMap =>
  describe({
    get retryCount() {
      return behind(this).retryCount;
    },
    reconnect(...given: unknown[]) {
      behind(this).reconnect(given);
    },
  });

function define(name: string, defaults: KeeplineWebSocketOptions): KeeplineWebSocketClass {
  mustBe("object", { options: defaults ?? null });
  const isNative = defaults.reconnect === false;
  const Socket = class extends EventTarget {
    constructor(url: unknown, protocols: unknown = [], options: KeeplineWebSocketOptions = {}) {
      required(arguments.length);
      // The browser's class passes over further arguments.
      const told = isNative ? defaults : { ...defaults, ...options };
      if (!isNative) mustBe("object", { options });
      const mayAsk = told.reconnect ?? true;
      const asked = (source: unknown): boolean => mayAsk && typeof source === "function";
      const text = asked(url) ? url : `${url}`;
      // To the browser's class `null` is a name as any other.
      const listed = isNative ? protocols : (protocols ?? undefined);
      const names = asked(protocols) ? protocols : protocolList(listed);
      const address = checked(
        asked(text) ? "ws:x" : (text as string),
        asked(names) ? [] : (names as string[]),
      );
      const line = settings(asked(text) ? (text as () => string) : address.url, names, told);
      nativeClass();
      super();
      backings.set(this, new Backing(this, line));
    }
  };
  const constants: PropertyDescriptorMap = {};
  ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].forEach((constant, value) => {
    constants[constant] = { value, enumerable: true };
  });
  Object.defineProperties(Socket, { ...constants, name: { value: name, configurable: true } });
  Object.defineProperties(Socket.prototype, {
    ...members(),
    ...(isNative ? {} : additions()),
    ...constants,
  });
  return Socket as unknown as KeeplineWebSocketClass;
}

/** The drop-in for the browser's `WebSocket`: see {@link KeeplineWebSocketConstructor}. */
export const KeeplineWebSocket: KeeplineWebSocketConstructor = /* @__PURE__ */ (() => {
  const Socket = define("KeeplineWebSocket", {});
  return Object.defineProperty(Socket, "with", {
    value: (options: KeeplineWebSocketOptions) => define("WebSocket", options),
  }) as KeeplineWebSocketConstructor;
})();
