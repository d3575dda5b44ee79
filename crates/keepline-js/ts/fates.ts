/**
 * What became of messages, as far as it is remembered.
 *
 * @module
 */

import { DeliveryError } from "./errors.js";
import { Fate, FATES } from "./numbers.js";
import type { Fate as FateWord } from "./status.js";

/** So many runs of messages with one fate are remembered; in a session that works it is one. */
const REMEMBERED = 1_024;

const FORGOTTEN = FATES.length - 1;

interface Run {
  readonly first: number;
  last: number;
  readonly fate: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Fates {
  #runs: Run[] = [];
  /** Runs that are not remembered, put together: of what lies between them the end is to come. */
  #forgotten: [first: number, last: number][] = [];
  #waiters = new Map<number, Waiter[]>();
  #isOver = false;

  /** The line has ended: of what is not known by now, nothing will be. */
  end(): void {
    this.#isOver = true;
    for (const waiter of [...this.#waiters.values()].flat()) settle(waiter, FORGOTTEN);
    this.#waiters.clear();
  }

  /** These messages have ended. */
  settle(fate: number, first: number, last: number): void {
    const newest = this.#runs[this.#runs.length - 1];
    if (newest?.fate === fate && newest.last + 1 === first) newest.last = last;
    else this.#runs.push({ first, last, fate });
    if (this.#runs.length > REMEMBERED) this.#forget(this.#runs.shift() as Run);
    for (const [id, waiters] of this.#waiters) {
      if (id < first || id > last) continue;
      this.#waiters.delete(id);
      for (const waiter of waiters) settle(waiter, fate);
    }
  }

  #forget({ first, last }: Run): void {
    this.#forgotten = this.#forgotten.filter(([from, to]) => {
      if (to + 1 === first) first = from;
      else if (last + 1 === from) last = to;
      else return true;
      return false;
    });
    this.#forgotten.push([first, last]);
  }

  /** Resolves when the message is delivered, and rejects with a `DeliveryError` when it is not. */
  wait(id: number): Promise<void> {
    const run = this.#runs.find(({ first, last }) => first <= id && id <= last);
    const isForgotten = this.#forgotten.some(([first, last]) => first <= id && id <= last);
    return new Promise((resolve, reject) => {
      if (run) settle({ resolve, reject }, run.fate);
      else if (this.#isOver || isForgotten) reject(errorOf(FORGOTTEN));
      else this.#waiters.set(id, [...(this.#waiters.get(id) ?? []), { resolve, reject }]);
    });
  }
}

function settle({ resolve, reject }: Waiter, fate: number): void {
  if (fate === Fate.Delivered) resolve();
  else reject(errorOf(fate));
}

const errorOf = (fate: number): DeliveryError =>
  new DeliveryError((FATES[fate] ?? "forgotten") as FateWord, fate >= Fate.FirstDoubt);
