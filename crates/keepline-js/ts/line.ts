/// <reference lib="esnext.disposable" preserve="true" />

/**
 * A line to a server, as an application sees it.
 *
 * @module
 */

import { mustBe } from "./checks.js";
import { checkClose } from "./close.js";
import { type Codec, codecOf, type Data, encode, utf8Bytes } from "./codec.js";
import type { Config } from "./config.js";
import { type Core, loadCore } from "./core.js";
import { Driver } from "./driver.js";
import type { Endpoint, EndpointFunction } from "./endpoint.js";
import { EndedError } from "./errors.js";
import { EVENTS, type Events } from "./events.js";
import { Fates } from "./fates.js";
import { Inbox, type Reader } from "./inbox.js";
import { FATES, Fate, SETTINGS } from "./numbers.js";
import { config, type Options } from "./options.js";
import { report } from "./report.js";
import type { Fate as FateWord, Status, Why } from "./status.js";
import type { SendOptions } from "./terms.js";
import { nativeClass } from "./transport.js";
import type { Counters, Owner } from "./works.js";

/**
 * Opens a line that is kept up: it connects, notices when the line is dead, connects again, queues
 * what is sent meanwhile, and says of every message what became of it.
 *
 * Resolves as soon as there is a line to talk to; it is {@link Line.online} that waits for the
 * connection.
 *
 * @param endpoint A URL, an endpoint, or an async function that is asked before each attempt.
 * @throws `TypeError` for an option that is unknown, out of range or contradicts another, and for
 *   an endpoint that leads nowhere; {@link UnsupportedError} without WebAssembly, and where there is
 *   no `WebSocket` (in Node 20); what `import()` throws when the core's script does not arrive,
 *   which the next call tries again.
 */
export async function connect(
  endpoint: string | URL | Endpoint | EndpointFunction,
  options: Options<string | BufferSource, Data> & { readonly codec: "raw" },
): Promise<Line<string | BufferSource, Data>>;
export async function connect<Out = unknown, In = unknown>(
  endpoint: string | URL | Endpoint | EndpointFunction,
  options?: Options<Out, In>,
): Promise<Line<Out, In>>;
export async function connect<Out, In>(
  endpoint: string | URL | Endpoint | EndpointFunction,
  options: Options<Out, In> = {},
): Promise<Line<Out, In>> {
  mustBe("object", { options });
  // Read once: it may be another line's when the core has come.
  const erased = { ...options } as unknown as Options<never, never>;
  const told = config(endpoint, erased);
  const codec = codecOf(erased.codec);
  nativeClass();
  return new Line<Out, In>(await loadCore(), told, codec, erased);
}

/** A line to a server, made by {@link connect}. It lives until it has ended. */
export class Line<Out = unknown, In = unknown> implements AsyncIterable<In>, AsyncDisposable {
  #driver: Driver;
  #codec: Codec<never, unknown>;
  #isSession: boolean;
  #inbox: Inbox;
  #fates = new Fates();
  #listeners = new Map(EVENTS.map((event) => [event, new Set<(event: never) => void>()]));
  /** Who waits for the line to be online, to have room, or to end. */
  #watchers = new Set<() => void>();
  #roundTripMs: number | undefined;
  /** How many iterators have begun and not left. */
  #readers = 0;
  #over = new AbortController();
  /** {@link Line.finish}, for `await using`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /** @internal */
  constructor(
    core: Core,
    told: Config,
    codec: Codec<never, unknown>,
    options: Options<never, never>,
  ) {
    this.#codec = codec;
    this.#isSession = told.isSession;
    this.#inbox = new Inbox({
      inboxMessages: told.isSession ? Infinity : (options.inboxMessages ?? SETTINGS.inboxMessages),
      inboxBytes: told.isSession ? Infinity : (options.inboxBytes ?? SETTINGS.inboxBytes),
      whenFull: options.whenInboxFull ?? "dropOldest",
      dropped: (count) => this.#emit("dropped", { count }),
      close: () => this.close(4408, "the inbox is full"),
    });
    this.#driver = new Driver(core, told, this.#owner());
    // Of an engine without that symbol, what compiles `await using` agrees on another. It is no
    // method, for a bundler leaves out no class with a name that is to be worked out.
    const dispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
    Object.defineProperty(this, dispose, { value: () => this.finish() });
    const { signal } = options;
    const abort = (): void => this.#driver.dispose();
    // The application's signal may outlive many lines.
    signal?.addEventListener("abort", abort, { signal: this.#over.signal });
    if (signal?.aborted) abort();
    else this.#driver.connect();
  }

  /** Where the line stands. */
  get status(): Status {
    return this.#driver.status;
  }

  /** Counts since the line began. */
  get counters(): Readonly<Counters> {
    return { ...this.#driver.counters };
  }

  /** How much waits to be sent; in a session also what was not taken yet. */
  get queued(): { readonly messages: number; readonly bytes: number } {
    return this.#driver.queued;
  }

  /** How long the last probe took, in milliseconds. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /**
   * Accepts a message, in order: it leaves at once if the line is up, and else waits for it.
   * Returns its id: ids rise by one, from 1.
   *
   * On a plain line it is handed to a connection at most once; in a session it is delivered exactly
   * once, or reported.
   *
   * @throws {@link SendError}, or `TypeError` for terms that are none; nothing of the message is
   *   kept then.
   */
  send(value: Out, options?: SendOptions): number {
    const data = encode(this.#codec, value);
    const bytes = typeof data === "string" ? utf8Bytes(data) : data.byteLength;
    return this.#driver.send(data, bytes, options);
  }

  /**
   * Takes back a message that still waits, which ends as `cancelled`. `false` if it does not wait,
   * because a connection was given it or it has ended.
   */
  cancel(id: number): boolean {
    return Number.isInteger(id) && this.#driver.cancel(id);
  }

  /**
   * Resolves when the far end's application has taken the message, and rejects with a
   * {@link DeliveryError} when that will not be. Sessions only: on a plain line nobody can say.
   *
   * @throws `TypeError` on a plain line, or if no message has this id.
   */
  async delivered(id: number): Promise<void> {
    if (!this.#isSession) throw new TypeError("only a session knows what was delivered");
    if (!(Number.isInteger(id) && id > 0 && id <= this.#driver.newest)) {
      throw new TypeError("no message has this id");
    }
    return this.#fates.wait(id);
  }

  /** Resolves when the line is up. Rejects with an {@link EndedError} when it never will be. */
  online(): Promise<void> {
    return this.#until(() => this.status.state === "online");
  }

  /**
   * Resolves when the outbox has room for a message of this size, in bytes as they are sent. Without
   * a size it is that of the message which `send` has just refused as `full`, so that the same
   * message is accepted then. Of one that is over the limit it resolves at once: the next `send`
   * says `tooLarge`. Rejects with an {@link EndedError} when the line ends.
   */
  ready(bytes?: number): Promise<void> {
    const [size, key] = bytes === undefined ? this.#driver.refused : [bytes, 0];
    return this.#until(() => this.#driver.hasRoomFor(size, key));
  }

  /** Resolves when the line has ended, to the reason. */
  ended(): Promise<Why> {
    return this.#until(() => false).catch(({ why }) => why) as Promise<Why>;
  }

  /** Does not wait for the next attempt any longer, as far as the pace allows. */
  retryNow(): void {
    this.#driver.retryNow();
  }

  /**
   * Replaces a session's credentials: for the next attempt, and in band if the line is up. `false`
   * if they are empty, or larger than 8 KiB.
   *
   * @throws `TypeError` on a plain line, or for credentials that are no text.
   */
  renew(credentials: string): boolean {
    if (!this.#isSession) throw new TypeError("only a session has credentials");
    if (typeof credentials !== "string") throw new TypeError("credentials are a text");
    return this.#driver.renew(credentials);
  }

  /**
   * Ends the line: with a closing handshake when it is up, at once when it is not. What was not
   * delivered is reported as `undelivered`. What was received can still be read on a plain line; the
   * server of a session is told that it was not taken.
   *
   * @param code 1000, or 3000 to 4999 (WHATWG WebSockets §3.1). Default: 1000.
   * @param reason At most 123 bytes of UTF-8. Default: empty.
   * @throws `RangeError` for another code or a longer reason; the line then stays as it is.
   */
  close(code = 1000, reason = ""): void {
    checkClose(code, reason);
    this.#driver.close(code, reason);
  }

  /**
   * Ends a session once everything that was sent has been taken and, while somebody reads, what was
   * received as well, or when the time is over: the rest is discarded then. So do not wait for it in
   * the loop that reads. A plain line ends at once. Takes no more messages: `send` throws `ended`
   * from now on, though a session stays `online` meanwhile. Resolves when the line has ended.
   */
  async finish(withinMs = 5_000, code = 1000, reason = ""): Promise<Why> {
    checkClose(code, reason);
    this.#driver.close(code, reason, +withinMs);
    return this.ended();
  }

  /**
   * Calls the listener for each such event until the returned function is called. What a listener
   * throws is reported to the environment (HTML §8.1.4.6); the others are still called, and the
   * line stays up.
   *
   * @throws `TypeError` for an event that there is not, or a listener that is no function.
   */
  on<Name extends keyof Events>(
    event: Name,
    listener: (event: Events<In>[Name]) => void,
  ): () => void {
    const listeners = this.#listeners.get(event);
    if (!listeners) throw new TypeError(`there is no event ${event}`);
    // One that is left out is none either.
    mustBe("function", { listener: listener ?? null });
    // Who registers twice is told twice.
    const own = (told: Events<In>[Name]): void => listener(told);
    listeners.add(own);
    this.#attend();
    // Not from in here: the listener may want what this returns.
    if (event === "message") queueMicrotask(() => this.#readOut());
    return () => {
      listeners.delete(own);
      this.#attend();
    };
  }

  /**
   * The messages, in order, until the line has ended. One that leaves half-way loses none, even
   * while it waits for one: the next one goes on where it stopped. Several at once share the
   * messages.
   */
  [Symbol.asyncIterator](): AsyncGenerator<In, void> {
    const reader: Reader = { hasLeft: false };
    const messages = this.#read(reader);
    const leave = messages.return.bind(messages);
    const fail = messages.throw.bind(messages);
    // The generator's own wait until what is waited for has come.
    const left = (): void => {
      reader.hasLeft = true;
      this.#inbox.wake();
    };
    messages.return = (value) => (left(), leave(value));
    messages.throw = (error) => (left(), fail(error));
    return messages;
  }

  async *#read(reader: Reader): AsyncGenerator<In, void> {
    this.#readers++;
    this.#attend();
    try {
      for (let data; (data = await this.#inbox.next(reader)) !== undefined;) {
        const decoded = this.#take(data);
        if (decoded) yield decoded.value;
      }
    } finally {
      this.#readers--;
      this.#attend();
    }
  }

  /** The end of a session waits for those who read, if any do. */
  #attend(): void {
    const { size } = this.#listeners.get("message")!;
    if (this.#isSession) this.#driver.reads(this.#readers + size > 0);
  }

  #owner(): Owner {
    return {
      received: (data) => this.#received(data as Data),
      refused: (bytes) => this.#emit("tooLarge", { bytes }),
      fate: (fate, first, last) => this.#settle(fate, first, last),
      room: () => this.#look(),
      discard: () => this.#inbox.clear(),
      status: (status) => {
        if (status.state === "ended") this.#end();
        this.#emit("status", status);
        this.#look();
      },
    };
  }

  #end(): void {
    this.#inbox.end();
    this.#fates.end();
    this.#over.abort();
  }

  #received(data: Data): void {
    this.#inbox.push(data);
    this.#readOut();
  }

  /** While somebody listens to messages, none waits. */
  #readOut(): void {
    while (this.#listeners.get("message")?.size) {
      const data = this.#inbox.shift();
      if (data === undefined) return;
      const decoded = this.#take(data);
      if (decoded) this.#emit("message", decoded.value);
    }
  }

  #take(data: Data): { readonly value: In } | undefined {
    if (this.#isSession) this.#driver.took();
    try {
      return { value: this.#codec.decode(data) as In };
    } catch (error) {
      this.#emit("undecodable", { data, error });
      return undefined;
    }
  }

  #settle(fate: number, first: number, last: number): void {
    switch (fate) {
      case Fate.RoundTrip:
        this.#roundTripMs = first;
        return this.#emit("roundTrip", { ms: first });
      case Fate.Restarted:
        return this.#emit("restarted", { missed: first < 0 ? undefined : first });
      case Fate.Delivered:
        this.#fates.settle(fate, first, last);
        this.#emit("delivered", { first, last });
        break;
      default:
        this.#fates.settle(fate, first, last);
        this.#emit("undelivered", {
          first,
          last,
          fate: FATES[fate] as FateWord,
          mayHaveArrived: fate >= Fate.FirstDoubt,
        });
    }
    this.#look();
  }

  #emit<Name extends keyof Events>(event: Name, told: Events<In>[Name]): void {
    const listeners = this.#listeners.get(event)!;
    for (const listener of [...listeners]) {
      // One of them may have taken another out.
      if (!listeners.has(listener)) continue;
      try {
        listener(told as never);
      } catch (thrown) {
        report(thrown);
      }
    }
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const { status } = this;
        if (status.state === "ended") reject(new EndedError(status.why));
        else if (isSo()) resolve();
        else return void this.#watchers.add(look);
        this.#watchers.delete(look);
      };
      look();
    });
  }
}
