/**
 * The one alarm that a driver holds, and what it says of the page when it rings.
 *
 * @module
 */

import { now, slept } from "./clock.js";

/** The longest delay of `setTimeout`: a longer one rings at once (HTML §8.6). */
const LONGEST_MS = 2 ** 31 - 1;

/** A watchful alarm rings at least so often, so that a sleep of the machine is noticed soon. */
const LONGEST_BLINDNESS_MS = 10_000;

/** Timers of hidden pages are late by up to a minute; one that is later than this did not run. */
const LATE_AS_ASLEEP_MS = 90_000;

export class Alarm {
  #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = 0;
  /** Whether it was set in a turn of a socket, and not when another alarm rang. */
  #isPrompt = false;
  #slept = slept();

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Rings for `due` (none if below zero), and now and then if it is watchful. One that rings too
   * early is set again then, which costs less than with every message that puts a deadline off.
   * But one that was set when another rang is set again from a message: Chromium lets the timers
   * of a hidden page that beget each other ring once a minute (HTML §8.6, the nesting level).
   */
  hold(due: number, isWatchful: boolean, isPrompt: boolean): void {
    if (due < 0 && !isWatchful) return this.stop();
    const isSooner = due >= 0 && due < this.#at;
    if (this.#timer !== undefined && !isSooner && !(isPrompt && !this.#isPrompt)) {
      if (due >= 0) (this.#timer as { ref?: () => void }).ref?.();
      return;
    }
    this.stop();
    const present = now();
    const watch = isWatchful ? present + LONGEST_BLINDNESS_MS : Infinity;
    this.#at = due < 0 ? watch : Math.min(due, watch);
    this.#isPrompt = isPrompt;
    const delay = Math.ceil(Math.max(0, this.#at - present));
    this.#timer = setTimeout(this.#ring, Math.min(delay, LONGEST_MS));
    // Nothing is due: a process need not wait for it.
    if (due < 0) (this.#timer as { unref?: () => void }).unref?.();
  }

  /** How long the machine has slept, or the page did not run, since this was last asked. */
  slept(): number {
    const total = slept();
    const jump = total - this.#slept;
    this.#slept = total;
    const late = this.#timer === undefined ? 0 : now() - this.#at;
    if (late <= LATE_AS_ASLEEP_MS) return jump;
    this.stop();
    return Math.max(jump, late);
  }
}
