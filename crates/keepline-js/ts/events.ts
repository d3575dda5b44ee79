/**
 * What a line tells its listeners, by name: another one is a mistake.
 *
 * @module
 */

import type { Events } from "./line.js";

/** The names of {@link Events}. */
export const EVENTS: readonly (keyof Events)[] = [
  "status",
  "message",
  "delivered",
  "undelivered",
  "dropped",
  "tooLarge",
  "undecodable",
  "restarted",
  "roundTrip",
];
