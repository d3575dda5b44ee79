/**
 * Keepline: a WebSocket that keeps its line up.
 *
 * @packageDocumentation
 */

export type { Codec, Data } from "./codec";
export type { SendOptions } from "./driver";
export type { Endpoint, EndpointFunction, Occasion } from "./endpoint";
export {
  DeliveryError,
  EndedError,
  KeeplineError,
  SendError,
  StopError,
  UnsupportedError,
} from "./errors";
export { connect, type Events, Line } from "./line";
export type { Options, Probe } from "./options";
export type { Reason, Status, Why } from "./status";
export type { Counters } from "./works";
