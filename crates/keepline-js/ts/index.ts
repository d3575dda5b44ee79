/**
 * Keepline: a WebSocket that keeps its line up.
 *
 * @packageDocumentation
 */

export type { Codec, Data } from "./codec.js";
export type { SendOptions } from "./terms.js";
export type { Endpoint, EndpointFunction, Occasion } from "./endpoint.js";
export {
  DeliveryError,
  EndedError,
  KeeplineError,
  SendError,
  StopError,
  UnsupportedError,
} from "./errors.js";
export type { Events } from "./events.js";
export { connect, type Line } from "./line.js";
export type { Options, Probe } from "./options.js";
export type { Fate, Reason, Status, Why } from "./status.js";
export type { Counters } from "./works.js";
export {
  KeeplineWebSocket,
  type KeeplineWebSocketClass,
  type KeeplineWebSocketConstructor,
  type KeeplineWebSocketOptions,
  type Provided,
} from "./websocket.js";
