/**
 * The one place that calls the core: it is told the news, has performed what it decides, and only
 * then tells the owner.
 *
 * @module
 */

import { Alarm } from "./alarm.js";
import { now, random, seed } from "./clock.js";
import { utf8Bytes } from "./codec.js";
import type { Config } from "./config.js";
import type { Core, Line } from "./core.js";
import { lookInto } from "./diagnosis.js";
import { FULL, notSent, TOO_LARGE } from "./errors.js";
import { Bytes, Call, News, Switch, Verdict, Words } from "./numbers.js";
import { watchPage } from "./page.js";
import { report } from "./report.js";
import { type Given, Route } from "./route.js";
import type { Status, Why } from "./status.js";
import { agreed, type SendOptions } from "./terms.js";
import { frameOf, type Listener, type Payload, sizeOf } from "./transport.js";
import { type Counters, type Owner, Works } from "./works.js";

export class Driver implements Listener {
  #line: Line | undefined;
  #config: Config;
  #owner: Owner;
  #route: Route | undefined;
  #works: Works;
  /** The id of the newest message; they rise by one. */
  newest = 0;
  /** The sizes of the message that was refused since the outbox was full, and of its key. */
  refused: readonly [bytes: number, key: number] = [0, 0];
  #frameBytes = 0;
  #taken = 0;
  #turnEnds = false;
  #isPrompt = false;
  #isTelling = false;
  #alarm = new Alarm(() => this.#ring());
  #end = new AbortController();

  constructor(core: Core, config: Config, owner: Owner) {
    const { settings, endpoint, isSession, probe } = config;
    const all = [...settings];
    if (isSession) all.push(Switch.Session, 1);
    const fixed = typeof endpoint === "function" ? undefined : endpoint;
    if (typeof endpoint === "function") {
      this.#route = new Route(endpoint, isSession);
      all.push(Switch.Provider, 1);
    }
    this.#works = new Works(fixed, this.#route, this);
    const credentials = fixed?.credentials ?? "";
    this.#line = new core(this.#works, all, probe?.send ?? "", credentials, seed());
    this.#config = config;
    this.#owner = owner;
  }

  get status(): Status {
    return this.#works.stands;
  }

  get counters(): Counters {
    return this.#works.counters;
  }

  /** Begins, or begins again after the end. */
  connect(): void {
    const { signal } = (this.#end = new AbortController());
    this.#works.closeWith = undefined;
    // Neither a sleep nor an answer of before is of any meaning now.
    this.#alarm.slept();
    this.#route?.spare();
    if (this.#config.watchesPage) watchPage((notice) => this.#notice(notice), signal);
    this.#drive((line, now) => line.call(Call.Connect, 0, 0, now));
  }

  /**
   * Sends; a plain line keeps the payload as it is, so it must not change any more.
   *
   * @throws {@link SendError}; `TypeError` for terms that are none.
   */
  send(payload: Payload, bytes = sizeOf(payload), terms?: SendOptions): number {
    // What the application got wrong is thrown from here: from within, it would end the line.
    const agree = terms === undefined ? undefined : agreed(terms);
    const key = utf8Bytes(terms?.latest ?? "");
    const { isSession } = this.#config;
    const sent = this.#drive((line, now) => {
      // What is refused anyway is not copied.
      if (isSession && bytes > line.call(Call.LargestMessage, 0, 0, 0)) return TOO_LARGE;
      this.#works.noticeClosing(line, now);
      agree?.(line);
      const sent = this.#handIn(line, payload, bytes, now);
      // Before anybody is told, who may send in turn.
      if (sent === FULL) this.refused = [bytes, key];
      if (sent > 0) {
        this.refused = [0, 0];
        this.newest = sent;
        this.#works.counters.messagesSent++;
      }
      return sent;
    });
    if (sent === undefined || sent < 0) {
      throw notSent(
        sent,
        sent === FULL ? bytes : bytes + key,
        this.#ask(Call.LargestMessage),
        this.status,
      );
    }
    return sent;
  }

  #handIn(line: Line, payload: Payload, bytes: number, now: number): number {
    if (this.#config.isSession) {
      return typeof payload === "string"
        ? line.words(Words.Send, payload, 0, 0, 0, now)
        : line.bytes(Bytes.Send, new Uint8Array(payload as ArrayBuffer), 0, now);
    }
    const id = this.newest + 1;
    const { held } = this.#works;
    held.set(id, payload);
    const sent = line.call(Call.SendHeld, id, bytes, now);
    if (sent < 0) held.delete(id);
    return sent;
  }

  /** Takes back a message that still waits; `false` if it does not. */
  cancel(id: number): boolean {
    return this.#drive((line, now) => line.call(Call.Cancel, id, 0, now)) === 1;
  }

  /** Ends the line; the native socket is closed with exactly these arguments. */
  close(code?: number, reason?: string, withinMs?: number): void {
    this.#works.closeWith = [code, reason];
    this.#drive((line, now) =>
      line.words(Words.Close, reason ?? "", code ?? 1000, withinMs ?? -1, 0, now),
    );
  }

  /** Ends the line at once. */
  dispose(): void {
    this.#drive((line, now) => line.call(Call.Abandon, 0, 0, now));
  }

  retryNow(): void {
    this.#drive((line, now) => line.call(Call.Retry, 0, 0, now));
  }

  /** `false` if the credentials are empty or too large. */
  renew(credentials: string): boolean {
    return !!this.#drive((line, now) => line.words(Words.Renew, credentials, 0, 0, 0, now));
  }

  /** The application has taken a message. */
  took(): void {
    this.#taken++;
    this.#endTurnLater();
  }

  /** Whether it takes messages from now on: the end of a session waits for who does. */
  reads(itDoes: boolean): void {
    this.#drive((line, now) => line.call(Call.Reads, +itDoes, 0, now));
  }

  /** How much the outbox holds. */
  get queued(): { messages: number; bytes: number } {
    return { messages: this.#ask(Call.QueuedMessages), bytes: this.#ask(Call.QueuedBytes) };
  }

  /** Whether the outbox would take a message of this size, or says by another error why not. */
  hasRoomFor(bytes: number, key: number): boolean {
    return bytes > this.#ask(Call.LargestMessage) || this.#ask(Call.HasRoomFor, bytes + key) === 1;
  }

  #ask(what: Call, about = 0): number {
    return this.#line?.call(what, about, 0, 0) ?? 0;
  }

  set binaryType(type: BinaryType) {
    this.#works.binaryType = type;
    for (const { socket } of this.#works.transports.values()) socket.binaryType = type;
  }

  // What the sockets tell.

  opened(conn: number, socket: WebSocket): void {
    this.#frameBytes = this.#ask(Call.LargestFrame);
    this.#works.tidings.push((owner) => owner.opened?.(socket));
    this.#hear((line, now) => {
      line.bytes(Bytes.Random, random(24), 0, now);
      line.words(Words.Opened, socket.protocol, conn, 0, 0, now);
    });
  }

  arrived(conn: number, data: string | ArrayBuffer | Blob): void {
    // Each UTF-16 unit takes a byte of UTF-8 or more.
    const bytes = sizeOf(data);
    const { counters } = this.#works;
    counters.framesReceived++;
    counters.bytesReceived += bytes;
    const isAnswer = bytes <= this.#frameBytes && (this.#config.probe?.answers(data) ?? false);
    this.#hear((line, now) => {
      if (bytes > this.#frameBytes) line.tell(News.TooLarge, conn, bytes, 0, now);
      else if (this.#config.isSession) line.bytes(Bytes.Received, frameOf(data), conn, now);
      else this.#arrived(line, conn, data, isAnswer, now);
    });
  }

  #arrived(
    line: Line,
    conn: number,
    data: string | ArrayBuffer | Blob,
    isAnswer: boolean,
    now: number,
  ): void {
    this.#works.arriving = data;
    line.tell(isAnswer ? News.Answered : News.Arrived, conn, 0, 0, now);
    this.#works.arriving = undefined;
  }

  failed(): void {
    this.#works.tidings.push((owner) => owner.failed?.());
    this.#tell();
  }

  closed(conn: number, event: CloseEvent): void {
    const { code, reason, wasClean } = event;
    const verdict = this.#judged(event);
    this.#works.transports.delete(conn);
    this.#works.tidings.push((owner) => owner.socketClosed?.(event));
    const rest = verdict * 2 + +wasClean;
    this.#hear((line, now) => line.words(Words.Closed, reason, conn, code, rest, now));
  }

  #judged(event: CloseEvent): Verdict {
    try {
      const judged = this.#config.judge?.(event);
      // A promise, for one, is no judgement.
      if (judged === "end") return Verdict.End;
      return judged === "retry" ? Verdict.Retry : Verdict.None;
    } catch (thrown) {
      report(thrown);
      return Verdict.None;
    }
  }

  notMade(conn: number, isForbidden: boolean): void {
    const words = isForbidden
      ? "the browser refuses this connection: by the page's Content-Security-Policy, or as mixed content"
      : "no connection was made, and nothing says why";
    // The socket is over before anybody is told what comes of it.
    this.#works.abandon(conn);
    this.#works.openFailed(conn, isForbidden, words);
    this.#drive(() => {});
  }

  // The one place that calls the core.

  #drive<R>(act: (line: Line, now: number) => R): R | undefined {
    const line = this.#line;
    if (!line) return undefined;
    let result: R | undefined;
    try {
      const present = now();
      const taken = this.#taken;
      this.#taken = 0;
      if (taken) line.call(Call.Took, taken, 0, present);
      result = act(line, present);
      const { news } = this.#works;
      for (let next; (next = news.shift());) next(line, now());
      this.#settle(line);
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#tell();
    return result;
  }

  #hear(act: (line: Line, now: number) => void): void {
    this.#isPrompt = true;
    this.#drive(act);
  }

  /** What is to be done once the core has decided. */
  #settle(line: Line): void {
    const works = this.#works;
    for (const conn of works.transports.keys()) {
      if (!line.call(Call.Owns, conn, 0, 0)) works.abandon(conn);
    }
    if (works.stands.state === "ended") return this.#over();
    if (works.wantsFlush) this.#endTurnLater();
    this.#alarm.hold(line.call(Call.Due, 0, 0, 0), this.#config.watchesPage, this.#isPrompt);
    this.#isPrompt = false;
    const wasRefused = line.call(Call.WasRefused, 0, 0, 0) === 1;
    this.#route?.ask(wasRefused, (given) => this.#takeIn(given));
    const conn = works.inquiry;
    if (conn === undefined) return;
    works.inquiry = undefined;
    void lookInto(works.lastUrl, this.#end.signal).then(([found, retryAfterMs]) =>
      this.#drive((line, now) => line.tell(News.Diagnosed, conn, found, retryAfterMs, now)),
    );
  }

  /** The core is of no use any more. */
  #over(): void {
    this.#alarm.stop();
    this.#end.abort();
    this.#route?.giveUp().abort();
    this.#works.held.clear();
    if (this.#config.mayReturn) return;
    this.#line?.free();
    this.#line = undefined;
  }

  /** What must not happen has: the core has trapped, and is not to be called again. */
  #fail(thrown: unknown): void {
    const works = this.#works;
    this.#line?.forget();
    this.#line = undefined;
    for (const conn of works.transports.keys()) works.abandon(conn);
    this.#over();
    const why: Why = { reason: "failed", words: "an internal error" };
    const status = (works.stands = { state: "ended", why } as const);
    works.tidings.push((owner) => owner.status(status));
    report(thrown);
  }

  /** Tells the owner, in order; what that causes is told after it. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const { tidings } = this.#works;
    for (let next; (next = tidings.shift());) {
      try {
        next(this.#owner);
      } catch (thrown) {
        report(thrown);
      }
    }
    this.#isTelling = false;
  }

  #ring(): void {
    this.#drive((line, began) => {
      const works = this.#works;
      const present = this.#noticeSleep(line, began);
      this.#alarm.stop();
      works.noticeClosing(line, present);
      for (const conn of works.transports.keys()) works.measure(line, conn, present);
      line.call(Call.Timeout, 0, 0, present);
    });
  }

  #notice(notice: News): void {
    this.#drive((line, began) => {
      const present = this.#noticeSleep(line, began);
      this.#works.noticeClosing(line, present);
      line.tell(notice, 0, 0, 0, present);
    });
  }

  /** The present, which is later than it was if the machine has slept. */
  #noticeSleep(line: Line, began: number): number {
    if (!this.#config.watchesPage) return began;
    const slept = this.#alarm.slept();
    const present = now();
    if (slept > 0) line.tell(News.Slept, 0, slept, 0, present);
    return present;
  }

  /** After whatever the application does in this turn of the event loop, before anything else. */
  #endTurnLater(): void {
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    queueMicrotask(() => {
      this.#turnEnds = false;
      const works = this.#works;
      this.#drive((line, now) => {
        if (!works.wantsFlush) return;
        works.wantsFlush = false;
        works.noticeClosing(line, now);
        line.call(Call.Flush, 0, 0, now);
      });
    });
  }

  /** What the endpoint function has said goes to all that wait for it, or is kept. */
  #takeIn(given: Given): void {
    const route = this.#route;
    this.#drive((line, now) => {
      if (!route) return;
      const { attempts, renewal } = route;
      const waiting = renewal === undefined ? attempts : [...attempts, renewal];
      const owned = waiting.filter((conn) => line.call(Call.Owns, conn, 0, 0));
      route.attempts = [];
      if (!owned.length) route.keep(given);
      for (const conn of owned) this.#works.provide(line, conn, given, 0, now);
      route.renewal = undefined;
    });
  }
}
