/**
 * What is behind one `KeeplineWebSocket`: its ready state, what it has queued, and the driver that
 * keeps it up.
 *
 * @module
 */

import { loadCore, type Core } from "../core.js";
import { Driver } from "../driver.js";
import type { Status } from "../status.js";
import {
  byteLength,
  checkClose,
  closeCode,
  copied,
  payload,
  refuseConnecting,
  type Data,
} from "./arguments.js";
import { Handlers } from "./handlers.js";
import type { Settings } from "./options.js";
import { Ready } from "./ready.js";

// The page may put another in its place; the browser's own events do not pass by it either.
const { dispatchEvent } = EventTarget.prototype;

/** No closing handshake took place (RFC 6455 §7.1.5). */
const ABNORMAL = { code: 1006, reason: "", wasClean: false };

export class Backing {
  readonly handlers: Handlers;
  /** How many attempts in a row have failed before the present one. */
  retryCount = 0;
  #target: EventTarget;
  #settings: Settings;
  #ready = Ready.Connecting;
  /** While there is something to keep up. */
  #driver: Driver | undefined;
  /** The same from its first use on: it remembers the pace of attempts. */
  #kept: Driver | undefined;
  /** The last native socket that opened. */
  #native: WebSocket | undefined;
  #origin = "";
  /** What was sent since there was no connection. */
  #waiting: Data[] = [];
  /** Bytes given to `send` that no native socket counts. */
  #uncounted = 0;
  #binaryType: BinaryType = "blob";
  /** Which events have told of the end of the present attempt. */
  #saidError = false;
  #saidClose = true;

  constructor(target: EventTarget, settings: Settings) {
    this.#target = target;
    this.#settings = settings;
    this.handlers = new Handlers(target);
    if (settings.startClosed) this.#ready = Ready.Closed;
    else this.#start();
  }

  get url(): string {
    const { endpoint } = this.#settings.config;
    return typeof endpoint === "function" ? (this.#native?.url ?? "") : endpoint.url;
  }

  get readyState(): number {
    return this.#ready === Ready.Open ? this.#native!.readyState : this.#ready;
  }

  get bufferedAmount(): number {
    return (this.#native?.bufferedAmount ?? 0) + this.#uncounted;
  }

  get protocol(): string {
    return this.#native?.protocol ?? "";
  }

  get extensions(): string {
    return this.#native?.extensions ?? "";
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    this.#binaryType = type;
    if (this.#driver) this.#driver.binaryType = type;
  }

  send(data: unknown): void {
    const message = payload(data);
    const { reconnect, queues } = this.#settings;
    const ready = this.readyState;
    // The far end closes, and another connection follows.
    const isLeft = reconnect && this.#ready === Ready.Open;
    if (ready === Ready.Open) this.#hand(message);
    else if (queues && (isLeft || ready === Ready.Connecting)) this.#queue(copied(message));
    else if (ready !== Ready.Connecting) this.#uncounted += byteLength(message);
    else refuseConnecting();
  }

  close(given: readonly unknown[]): void {
    const [code, reason] = ending(given);
    // Not that of the native socket: the far end may be closing it, and another would follow.
    if (this.#ready > Ready.Open) return;
    if (this.#ready === Ready.Connecting) return this.#fail();
    this.#ready = Ready.Closing;
    this.#driver!.close(code, reason);
  }

  /** Leaves the present connection, if there is one, for a new one, without a wait. */
  reconnect(given: readonly unknown[]): void {
    const [code = 1000, reason = ""] = ending(given);
    const driver = this.#driver;
    const ready = this.#ready;
    // There is nothing to leave.
    const isDown = this.#saidError || this.#saidClose;
    if (ready === Ready.Connecting && isDown) return driver?.retryNow();
    this.#driver = undefined;
    this.#ready = Ready.Connecting;
    this.#saidClose = true;
    if (ready > Ready.Open) this.#forget();
    this.#native?.close(code, reason);
    driver?.dispose();
    this.#start();
    if (ready !== Ready.Closed) this.#tellClose({ ...ABNORMAL, code, reason });
  }

  #forget(): void {
    this.#waiting = [];
    this.#uncounted = 0;
  }

  #start(): void {
    loadCore()
      .then((core) => this.#run(core))
      .catch((error: unknown) => {
        console.error(error);
        this.#fail();
      });
  }

  #run(core: Core): void {
    if (this.#ready !== Ready.Connecting || this.#driver) return;
    const driver = (this.#kept ??= this.#made(core));
    const early = [...this.#waiting];
    this.#driver = driver;
    driver.binaryType = this.#binaryType;
    driver.connect();
    for (const message of early) this.#hand(message);
    // A core that has trapped does not begin again.
    if (this.#driver?.status.state === "ended") this.#fail();
  }

  #made(core: Core): Driver {
    const of =
      <News extends unknown[]>(tell: (...news: News) => void) =>
      (...news: News): void => {
        // What was left may still have something to say.
        if (this.#driver) tell(...news);
      };
    return new Driver(core, this.#settings.config, {
      opened: of((socket: WebSocket) => this.#opened(socket)),
      received: of((data: Data) => {
        this.#tell(new MessageEvent("message", { data, origin: this.#origin }));
      }),
      failed: of(() => this.#error()),
      socketClosed: of((event: CloseEvent | undefined) => this.#close(event)),
      status: of((status: Status) => this.#stand(status)),
    });
  }

  #opened(socket: WebSocket): void {
    this.#native = socket;
    this.#origin = new URL(socket.url).origin;
    this.#forget();
    this.#ready = Ready.Open;
    this.#tell(new Event("open"));
  }

  #stand(status: Status): void {
    this.#settings.debug("keepline:", status);
    if (status.state === "connecting") {
      this.retryCount = status.attempt - 1;
      this.#saidError = this.#saidClose = false;
    } else if (status.state === "ended" || status.state === "waiting") {
      // Also of an attempt for which the browser made no socket.
      if (!this.#saidClose) this.#close(undefined);
      else if (this.#isOver() && this.#ready !== Ready.Closed) this.#fail();
    }
  }

  /** Whether no attempt follows. */
  #isOver(): boolean {
    const { reconnect, maxAttempts } = this.#settings;
    const status = this.#driver?.status;
    if (!reconnect || !status || status.state === "ended") return true;
    return status.state === "waiting" && status.attempt > maxAttempts;
  }

  #error(): void {
    if (!this.#settings.reconnect) this.#ready = Ready.Closed;
    else if (this.#ready === Ready.Open) this.#ready = Ready.Connecting;
    this.#saidError = true;
    this.#tell(new Event("error"));
  }

  #close(event: CloseEvent | undefined): void {
    this.#saidClose = true;
    const isOver = this.#isOver();
    const driver = this.#driver;
    this.#ready = isOver ? Ready.Closed : Ready.Connecting;
    if (isOver) {
      this.#driver = undefined;
      this.#waiting = [];
    }
    if (!event && !this.#saidError) this.#tell(new Event("error"));
    this.#tellClose(event ?? ABNORMAL);
    if (isOver) driver?.dispose();
  }

  #queue(message: Data): void {
    const { outboxMessages, outboxBytes } = this.#settings;
    this.#waiting.push(message);
    this.#uncounted += byteLength(message);
    if (this.#waiting.length > outboxMessages || this.#uncounted > outboxBytes) this.#fail();
    else this.#hand(message);
  }

  #hand(message: Data): void {
    try {
      this.#driver?.send(message as ArrayBuffer);
    } catch {
      // Over all bounds.
      this.#fail();
    }
  }

  /** As a connection that fails (WHATWG WebSockets §4), for good. */
  #fail(): void {
    const driver = this.#driver;
    this.#driver = undefined;
    this.#ready = Ready.Closing;
    this.#waiting = [];
    driver?.dispose();
    setTimeout(() => {
      if (this.#ready !== Ready.Closing) return;
      this.#ready = Ready.Closed;
      this.#tell(new Event("error"));
      this.#tellClose(ABNORMAL);
    });
  }

  #tellClose({ code, reason, wasClean }: typeof ABNORMAL): void {
    const close = { code, reason, wasClean };
    // Node 20 has no such class.
    const isThere = typeof CloseEvent === "function";
    const event = isThere ? new CloseEvent("close", close) : new Event("close");
    this.#tell(isThere ? event : Object.assign(event, close));
  }

  #tell(event: Event): void {
    dispatchEvent.call(this.#target, event);
  }
}

/**
 * The arguments of `close`, converted and checked. A close frame has no reason without a code (RFC
 * 6455 §5.5.1), so that Chromium throws for one; the standard does not.
 */
function ending([code, reason]: readonly unknown[]): [code?: number | undefined, reason?: string] {
  const number = closeCode(code);
  const text = reason === undefined ? "" : `${reason}`;
  checkClose(number, text);
  return text ? [number ?? 1000, text] : [number];
}
