/**
 * Asks where attempts are to lead: one call at a time, however many wait for it.
 *
 * @module
 */

import { now } from "./clock.js";
import { address, type Address, type EndpointFunction, type Occasion } from "./endpoint.js";
import { StopError } from "./errors.js";
import { News } from "./numbers.js";

/** An answer that came too late for its attempt is of use to the next one, for so long. */
const LATE_MS = 60_000;

/** A call that has not answered for so long hangs: the next attempt has the function asked afresh. */
const HANGS_AFTER_MS = 60_000;

/** What came of a call: an address, or why there is none. */
export type Given =
  | { readonly address: Address }
  | { readonly none: News.TryAgain | News.Stop | News.Unusable; readonly words: string };

export class Route {
  /** Whoever waits for an answer: two while a session moves, else one at most. */
  attempts: number[] = [];
  renewal: number | undefined;
  #provide: EndpointFunction;
  #isSession: boolean;
  /** When the call began that is under way. */
  #askedAt: number | undefined;
  #stop = new AbortController();
  #spare: readonly [given: Given, at: number] | undefined;

  constructor(provide: EndpointFunction, isSession: boolean) {
    this.#provide = provide;
    this.#isSession = isSession;
  }

  /** What was given too late for the attempt that had asked, and how long ago; once. */
  spare(): readonly [given: Given, ageMs: number] | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    if (!spare) return undefined;
    const [kept, at] = spare;
    const age = now() - at;
    // What ends the line does not grow old.
    if ("none" in kept) return [kept, age];
    return age < Math.min(LATE_MS, kept.address.expiresInMs ?? LATE_MS) ? [kept, age] : undefined;
  }

  /** Keeps an answer for the next attempt, unless it is to ask again. */
  keep(given: Given): void {
    if (!("none" in given) || given.none !== News.TryAgain) this.#spare = [given, now()];
  }

  /** An attempt waits for an answer. */
  wait(conn: number): void {
    this.attempts.push(conn);
    if (now() - (this.#askedAt ?? Infinity) < HANGS_AFTER_MS) return;
    const hangs = this.giveUp();
    // Not from in here: who hears of it may call the line, which is borrowed.
    queueMicrotask(() => hangs.abort());
  }

  /** Hears nothing more of what was asked, of which the function is to be told by what is returned. */
  giveUp(): AbortController {
    const stop = this.#stop;
    this.#stop = new AbortController();
    this.#askedAt = undefined;
    return stop;
  }

  /** Asks in a turn of its own, unless it is asking already or nobody waits. */
  ask(wasRefused: boolean, take: (given: Given) => void): void {
    const isAttempt = this.attempts.length > 0;
    if (this.#askedAt !== undefined || (!isAttempt && this.renewal === undefined)) return;
    this.#askedAt = now();
    const why = isAttempt ? (wasRefused ? "refusal" : "attempt") : "renewal";
    const stop = this.#stop;
    void this.#call(why, stop.signal).then((given) => {
      if (stop !== this.#stop) return;
      this.#askedAt = undefined;
      take(given);
    });
  }

  async #call(why: Occasion, signal: AbortSignal): Promise<Given> {
    let given;
    try {
      await undefined;
      given = await this.#provide(why, signal);
    } catch (thrown) {
      const none = thrown instanceof StopError ? News.Stop : News.TryAgain;
      return { none, words: wordsOf(thrown) };
    }
    try {
      return { address: address(given, this.#isSession) };
    } catch (error) {
      return { none: News.Unusable, words: (error as Error).message };
    }
  }
}

/** What was thrown, in words, if it has any. */
function wordsOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return "";
  }
}
