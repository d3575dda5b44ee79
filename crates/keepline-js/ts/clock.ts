/**
 * The only reading of a clock, and the only source of chance.
 *
 * @module
 */

/** The clocks drift apart by themselves, and are set; less than this is no sleep. */
const SHORTEST_SLEEP_MS = 2_000;

/** So long it may take until a clock that was set back is set right. */
const SET_RIGHT_WITHIN_MS = 300_000;

let sleptMs = 0;
let compared: readonly [number, number] | undefined;

/**
 * The present in milliseconds, monotonic. `performance.now()` may stand still while a machine
 * sleeps; this clock catches up when {@link slept} notices.
 */
export const now = (): number => performance.now() + sleptMs;

/** How long the machine has slept in all, by a comparison with the wall clock. */
export function slept(): number {
  const present = [performance.now(), Date.now()] as const;
  const [monotonic, wall] = compared ?? present;
  const jump = present[1] - wall - (present[0] - monotonic);
  // A clock that was set back may be set forward again before long, which is no sleep.
  if (jump >= -SHORTEST_SLEEP_MS || present[0] - monotonic > SET_RIGHT_WITHIN_MS) {
    compared = present;
  }
  if (jump > SHORTEST_SLEEP_MS) sleptMs += jump;
  return sleptMs;
}

/** Random bytes of a cryptographic source. */
export const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

/** A random whole number below 2^48. */
export const seed = (): number => random(6).reduce((sum, byte) => sum * 256 + byte, 0);
