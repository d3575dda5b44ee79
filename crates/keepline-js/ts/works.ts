/**
 * Performs what the core decides: owns the sockets and what is kept for them, and nothing of the
 * logic.
 *
 * @module
 */

import { now } from "./clock.js";
import type { Host, Line } from "./core.js";
import type { Address } from "./endpoint.js";
import { Act, Call, FOUND, News, REASONS, STATES, Words } from "./numbers.js";
import type { Given, Route } from "./route.js";
import type { Reason, Status, Why } from "./status.js";
import { type Listener, type Payload, sizeOf, Transport } from "./transport.js";

/**
 * What is over already, for the core, to which no time at all means for ever.
 *
 * @internal
 */
export const SOON_MS = 0.001;

/** The places in `REASONS` whose words only the driver knows. */
const OURS = [2, 10, 17, 20];

/**
 * Who is told, last, when nothing is under way; may call the driver back.
 *
 * @internal
 */
export interface Owner {
  /** A native socket is open. */
  opened?(socket: WebSocket): void;
  received(data: string | ArrayBuffer | Blob): void;
  /** A message of at least this size was over the limit. */
  refused?(bytes: number): void;
  /** A native socket has said `error`. */
  failed?(): void;
  /** The native socket of an attempt is gone; without an event if it was given up. */
  socketClosed?(event: CloseEvent | undefined): void;
  status(status: Status): void;
  /** A place in `FATES`, and what it is about. */
  fate?(fate: number, first: number, last: number): void;
  /** Messages have left the outbox, of which no fate tells. */
  room?(): void;
  /** What was received and not taken is to be forgotten. */
  discard?(): void;
}

/** Counts since the line began. */
export interface Counters {
  attempts: number;
  messagesSent: number;
  messagesReceived: number;
  framesSent: number;
  framesReceived: number;
  bytesSent: number;
  bytesReceived: number;
}

/**
 * The host of a line: none of its methods may call the line, which is borrowed then.
 *
 * @internal
 */
export class Works implements Host {
  readonly counters: Counters = {
    attempts: 0,
    messagesSent: 0,
    messagesReceived: 0,
    framesSent: 0,
    framesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
  };
  stands: Status = { state: "idle" };
  readonly transports = new Map<number, Transport>();
  binaryType: BinaryType = "arraybuffer";
  /** What the core knows only by id and size. */
  readonly held = new Map<number, Payload>();
  /** The message of a plain line that is being heard. */
  arriving: string | ArrayBuffer | Blob | undefined;
  /** The words that go with what the core is told next. */
  words = "";
  /** What the native socket is closed with, if not with what the core says. */
  closeWith: [code: number | undefined, reason: string | undefined] | undefined;
  wantsFlush = false;
  /** The connection whose handshake is to be looked into. */
  inquiry: number | undefined;
  lastUrl = "";
  /** What performing has brought up: for the core, and then for the owner. */
  readonly news: ((line: Line, now: number) => void)[] = [];
  readonly tidings: ((owner: Owner) => unknown)[] = [];
  /** How often what was delivered and not taken was forgotten. */
  #discards = 0;
  #fixed: Address | undefined;
  #route: Route | undefined;
  #heard: Listener;

  constructor(fixed: Address | undefined, route: Route | undefined, heard: Listener) {
    this.#fixed = fixed;
    this.#route = route;
    this.#heard = heard;
  }

  /** What takes no more than a number. */
  act(act: number, conn: number, number: number): void {
    switch (act) {
      case Act.Open:
        return this.#open(conn);
      case Act.Renew:
        if (this.#route) this.#route.renewal = conn;
        return;
      case Act.Diagnose:
        this.inquiry = conn;
        return;
      case Act.HandOver:
        return this.#handOver(conn, number);
      case Act.Measure:
        return void this.news.push((line, now) => this.measure(line, conn, now));
      case Act.Abandon:
        return this.abandon(conn);
      case Act.Flush:
        this.wantsFlush = true;
        return;
      case Act.Discard:
        this.#discards++;
        return void this.tidings.push((owner) => owner.discard?.());
      case Act.Room:
        return void this.tidings.push((owner) => owner.room?.());
      case Act.Refuse:
        return void this.tidings.push((owner) => owner.refused?.(number));
    }
  }

  /** Hands a text to a connection, or to the owner if that is 0. */
  text(conn: number, text: string): void {
    if (conn) this.#transmit(conn, text, text.length);
    else this.#deliver(text);
  }

  /** The same of bytes, which lie in the core's memory. */
  bytes(conn: number, bytes: Uint8Array<ArrayBuffer>): void {
    if (conn) this.#transmit(conn, bytes, bytes.length);
    else this.#deliver(this.arriving ?? bytes.slice().buffer);
  }

  /** Starts the closing handshake. */
  shut(conn: number, code: number, reason: string): void {
    this.transports.get(conn)?.socket.close(...(this.closeWith ?? [code, reason]));
  }

  /** The line stands differently. */
  status(at: number, why: number, code: number, attempt: number, due: number, words: string): void {
    const said = words || (OURS.includes(why) ? this.words : "");
    // As the page's own clock counts, which may have stood still while the machine slept.
    const retryAt = due + performance.now() - now();
    const status = statusOf(at, whyOf(why, code, said), attempt, retryAt, words);
    this.stands = status;
    this.tidings.push((owner) => owner.status(status));
  }

  /** Messages have ended, or one of the two events that are no fate. */
  fate(fate: number, first: number, last: number): void {
    if (this.held.size) for (let id = first; id <= last; id++) this.held.delete(id);
    this.tidings.push((owner) => owner.fate?.(fate, first, last));
  }

  /** Opens a socket; if that cannot be, the core is told so. */
  openAt(conn: number, address: Address): void {
    this.counters.attempts++;
    this.lastUrl = address.url;
    try {
      this.transports.set(conn, new Transport(conn, address, this.binaryType, this.#heard));
    } catch (thrown) {
      // A browser's own words may quote the URL, which may hold a secret.
      const { name } = thrown as Error;
      const isRefused = /^(Security|Syntax)Error$|_BLOCKED$/.test(name);
      this.openFailed(conn, isRefused, `the browser refuses this connection (${name})`);
    }
  }

  /** The core is to be told that a socket could not be made. */
  openFailed(conn: number, isRefused: boolean, words: string): void {
    this.news.push((line, now) => {
      this.words = words;
      line.tell(isRefused ? News.Refused : News.Unavailable, conn, 0, 0, now);
    });
  }

  /** Gives a connection up. */
  abandon(conn: number): void {
    const transport = this.transports.get(conn);
    if (!transport) return;
    this.transports.delete(conn);
    transport.abandon();
    this.tidings.push((owner) => owner.socketClosed?.(undefined));
  }

  /** Tells what a socket holds that the network has not taken. */
  measure(line: Line, conn: number, now: number): void {
    const buffered = this.transports.get(conn)?.socket.bufferedAmount ?? 0;
    line.tell(News.Buffered, conn, buffered, 0, now);
  }

  /** Tells of sockets that take nothing more, before a message is lost in one. */
  noticeClosing(line: Line, now: number): void {
    for (const [conn, { isClosing }] of this.transports) {
      if (isClosing) line.tell(News.PeerClosing, conn, 0, 0, now);
    }
  }

  #open(conn: number): void {
    if (this.#fixed) return this.openAt(conn, this.#fixed);
    const spare = this.#route?.spare();
    if (spare) this.news.push((line, now) => this.provide(line, conn, ...spare, now));
    else this.#route?.wait(conn);
  }

  /** What the endpoint function has given goes to one that waits for it. */
  provide(line: Line, conn: number, given: Given, ageMs: number, now: number): void {
    if ("none" in given) {
      this.words = given.words;
      return line.tell(given.none, conn, 0, 0, now);
    }
    const { address } = given;
    const { expiresInMs } = address;
    const expires = expiresInMs === undefined ? 0 : Math.max(expiresInMs - ageMs, SOON_MS);
    line.words(Words.Provided, address.credentials ?? "", conn, expires, 0, now);
    const isAttempt = conn !== this.#route?.renewal;
    if (isAttempt && line.call(Call.Owns, conn, 0, 0)) this.openAt(conn, address);
  }

  #handOver(conn: number, id: number): void {
    const payload = this.held.get(id);
    if (payload === undefined) return;
    this.held.delete(id);
    this.#transmit(conn, payload, sizeOf(payload));
  }

  #transmit(conn: number, payload: Payload, bytes: number): void {
    this.counters.framesSent++;
    this.counters.bytesSent += bytes;
    try {
      this.transports.get(conn)?.socket.send(payload);
    } catch {
      this.news.push((line, now) => line.words(Words.Closed, "", conn, 1006, 0, now));
    }
  }

  #deliver(data: string | ArrayBuffer | Blob): void {
    this.counters.messagesReceived++;
    const discards = this.#discards;
    // What was to be told is forgotten with what waits.
    this.tidings.push((owner) => discards === this.#discards && owner.received(data));
  }
}

function whyOf(why: number, code: number, words: string): Why {
  const reason = REASONS[why] as Reason;
  const word = FOUND[code];
  return word === undefined ? { reason, code, words } : { reason, words: word || words };
}

function statusOf(
  at: number,
  why: Why,
  attempt: number,
  retryAtMs: number,
  subprotocol: string,
): Status {
  const state = STATES[at];
  switch (state) {
    case "connecting":
      return { state, attempt };
    case "online":
      return { state, subprotocol };
    case "waiting":
      return { state, why, attempt, retryAtMs };
    case "ended":
      return { state, why };
    default:
      return { state } as Status;
  }
}
