/**
 * What the arguments of the browser's `WebSocket` are converted to, and what is thrown instead.
 *
 * @module
 */

import { address, type Address } from "../endpoint.js";

/** What `send` takes (WebIDL `(BufferSource or Blob or USVString)`). */
export type Data = string | Blob | ArrayBuffer | ArrayBufferView;

const getter = (of: { prototype: object }, name: string): ((this: unknown) => number) =>
  Object.getOwnPropertyDescriptor(of.prototype, name)!.get!;

const fails = (error: string, message: string): never => {
  throw new DOMException(message, error);
};

/** The arguments that WebIDL requires are there: a call with fewer is a `TypeError`. */
export function required(count: number): void {
  if (!count) throw new TypeError("1 argument required, but only 0 present.");
}

/**
 * WebIDL `(DOMString or sequence<DOMString>)`.
 *
 * @throws TypeError for a symbol, or an iterator that is none.
 */
export function protocolList(protocols: unknown): string[] {
  if (protocols === undefined) return [];
  const isSequence =
    Object(protocols) === protocols && (protocols as Iterable<unknown>)[Symbol.iterator] != null;
  return isSequence
    ? Array.from(protocols as Iterable<unknown>, (protocol) => `${protocol}`)
    : [`${protocols}`];
}

/**
 * Where a socket with these arguments leads (WHATWG WebSockets §3.1).
 *
 * @throws DOMException `SyntaxError`.
 */
export function checked(url: string, protocols: string[]): Address {
  try {
    return address({ url, protocols }, false, true);
  } catch (error) {
    return fails("SyntaxError", (error as Error).message);
  }
}

/**
 * WebIDL `[Clamp] unsigned short`.
 *
 * @throws TypeError for a symbol or a BigInt.
 */
export function closeCode(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const number = Math.min(Math.max(+(value as number), 0), 65_535) || 0;
  const rounded = Math.round(number);
  // Halves go to the even neighbour.
  return rounded - number === 0.5 ? rounded - (rounded % 2) : rounded;
}

/**
 * The code is one that a page may send, the reason at most 123 bytes of UTF-8.
 *
 * @throws DOMException `InvalidAccessError`, then `SyntaxError`.
 */
export function checkClose(code: number | undefined, reason = ""): void {
  if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) {
    fails("InvalidAccessError", "a page may close with 1000 and 3000 to 4999 only");
  }
  if (new Blob([reason]).size > 123) {
    fails("SyntaxError", "a close reason has at most 123 bytes of UTF-8");
  }
}

/**
 * What of `data` is sent: a Blob, a buffer or a view as it is, all else as text.
 *
 * @throws TypeError for a symbol, and for a view of shared or resizable memory.
 */
export function payload(data: unknown): Data {
  if (ArrayBuffer.isView(data)) {
    refuseResizable(data.buffer);
    return data;
  }
  if (has(bufferLength, data)) refuseResizable(data as ArrayBuffer);
  else if (!has(blobSize, data)) return `${data}`;
  return data as Data;
}

/** What is to be kept is copied: the application may change or transfer its buffer. */
export function copied(data: Data): Exclude<Data, ArrayBufferView> {
  if (ArrayBuffer.isView(data)) {
    return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
  }
  return typeof data === "string" || has(blobSize, data) ? data : data.slice(0);
}

/** How many bytes it has on the wire, text in UTF-8. */
export const byteLength = (data: Data): number => new Blob([data as BlobPart]).size;

/** @throws DOMException `InvalidStateError`. */
export const refuseConnecting = (): never =>
  fails("InvalidStateError", "the socket is still connecting");

// Of any realm, which `instanceof` would not see.
const bufferLength = /* @__PURE__ */ getter(ArrayBuffer, "byteLength");
const blobSize = /* @__PURE__ */ getter(Blob, "size");

function has(slot: (this: unknown) => number, value: unknown): boolean {
  try {
    slot.call(value);
    return true;
  } catch {
    return false;
  }
}

function refuseResizable(buffer: ArrayBufferLike & { resizable?: boolean }): void {
  if (buffer.resizable || !has(bufferLength, buffer)) {
    throw new TypeError("memory that is shared or resizable cannot be sent");
  }
}
