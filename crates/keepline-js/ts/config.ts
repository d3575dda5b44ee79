/**
 * What a driver is told once, when its line begins.
 *
 * @module
 */

import type { Address, EndpointFunction } from "./endpoint.js";

/** How a line behaves, checked. */
export interface Config {
  /** Pairs of a place in `SETTINGS` and a value. */
  readonly settings: readonly number[];
  readonly endpoint: Address | EndpointFunction;
  readonly isSession: boolean;
  readonly probe?: { readonly send: string; readonly answers: (data: unknown) => boolean };
  readonly watchesPage: boolean;
  /** Whether `connect` may follow the end: the core is then kept for its pace. */
  readonly mayReturn?: boolean;
  /** Overrides what a close means; what it throws is reported, and overrides nothing. */
  readonly judge: ((event: CloseEvent) => "retry" | "end" | undefined) | undefined;
}
