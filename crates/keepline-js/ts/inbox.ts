/**
 * The bounded queue of messages that the application has not read yet.
 *
 * @module
 */

import type { Data } from "./codec.js";
import { sizeOf } from "./transport.js";

/** So long may an application read in one go: microtasks keep a page from being drawn. */
const LONGEST_READING_MS = 8;

/** What a full inbox does, and who is told. */
export interface Bounds {
  readonly inboxMessages: number;
  readonly inboxBytes: number;
  readonly whenFull: "dropOldest" | "dropNewest" | "close";
  readonly dropped: (count: number) => void;
  readonly close: () => void;
}

/** Who waits for a message, until it leaves. */
export interface Reader {
  hasLeft: boolean;
}

export class Inbox {
  #queue: Data[] = [];
  #bytes = 0;
  #bounds: Bounds;
  #readers: (() => void)[] = [];
  #isOver = false;
  /** When the present reading began, without the event loop having had its turn. */
  #began: number | undefined;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Takes in a message. */
  push(data: Data): void {
    const { whenFull, dropped, close } = this.#bounds;
    this.#queue.push(data);
    this.#bytes += sizeOf(data);
    while (this.#isOverfull()) {
      this.#remove(whenFull === "dropOldest" ? 0 : this.#queue.length - 1);
      dropped(1);
      if (whenFull === "close") close();
    }
    this.#readers.shift()?.();
  }

  #isOverfull(): boolean {
    const { inboxMessages, inboxBytes } = this.#bounds;
    return this.#queue.length > inboxMessages || this.#bytes > inboxBytes;
  }

  #remove(at: number): Data | undefined {
    const data = at ? this.#queue.pop() : this.#queue.shift();
    if (data !== undefined) this.#bytes -= sizeOf(data);
    return data;
  }

  /** Forgets what was not read. */
  clear(): void {
    this.#queue = [];
    this.#bytes = 0;
  }

  /** Nothing comes any more; what is there can still be read. */
  end(): void {
    this.#isOver = true;
    this.wake();
  }

  /** Has all who wait look whether they still do. */
  wake(): void {
    for (const wake of this.#readers.splice(0)) wake();
  }

  /** The next message at once, if there is one. */
  shift(): Data | undefined {
    return this.#remove(0);
  }

  /** The next message; `undefined` when none will come, or the reader has left. */
  async next(reader: Reader): Promise<Data | undefined> {
    if (this.#queue.length && this.#hasReadForLong()) await turn();
    while (!this.#queue.length && !this.#isOver && !reader.hasLeft) {
      this.#began = undefined;
      await new Promise<void>((wake) => this.#readers.push(wake));
    }
    return reader.hasLeft ? undefined : this.#remove(0);
  }

  #hasReadForLong(): boolean {
    const present = performance.now();
    this.#began ??= present;
    if (present - this.#began < LONGEST_READING_MS) return false;
    this.#began = undefined;
    return true;
  }
}

/**
 * Lets the event loop have its turn. A `MessageChannel` is not throttled in hidden pages as timers
 * are, and knows no shortest delay (HTML §9.4, §8.6).
 */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
