/**
 * The ready states of a WebSocket (WHATWG WebSockets §3.1).
 *
 * @module
 */

export const enum Ready {
  Connecting,
  Open,
  Closing,
  Closed,
}
