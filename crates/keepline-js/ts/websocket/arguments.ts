/**
 * What the arguments of the browser's `WebSocket` are converted to, and what is thrown instead.
 *
 * @module
 */

/** What `send` takes (WebIDL `(BufferSource or Blob or USVString)`). */
export type Data = string | Blob | ArrayBuffer | ArrayBufferView;

const getter = (prototype: object, name: string): ((this: unknown) => number) =>
  Object.getOwnPropertyDescriptor(prototype, name)!.get!;

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
  const list = Object(protocols) === protocols && (protocols as Iterable<unknown>)[Symbol.iterator];
  return list == null || list === false
    ? [`${protocols}`]
    : Array.from(protocols as Iterable<unknown>, (protocol) => `${protocol}`);
}

/**
 * An absolute `ws:` or `wss:` URL, relative to the document or the Worker (WHATWG WebSockets §3.1).
 *
 * @throws DOMException `SyntaxError`.
 */
export function absoluteUrl(text: string): string {
  const { document, location } = globalThis as { document?: Document; location?: Location };
  let url: URL;
  try {
    url = new URL(text, document?.baseURI ?? location?.href);
  } catch {
    return fails("SyntaxError", `The URL '${text}' is invalid.`);
  }
  url.protocol = url.protocol.replace("http", "ws");
  if (!/^wss?:/.test(url.href)) {
    fails("SyntaxError", `The URL's scheme must be 'ws', 'wss', 'http' or 'https': '${text}'.`);
  }
  if (url.href.includes("#")) fails("SyntaxError", `The URL '${text}' contains a fragment.`);
  return url.href;
}

/**
 * Each subprotocol is a token (RFC 6455 §4.1), and named once.
 *
 * @throws DOMException `SyntaxError`.
 */
export function checkProtocols(protocols: string[]): void {
  protocols.forEach((protocol, index) => {
    if (!/^[!#-'*+\-.\w^`|~]+$/.test(protocol)) {
      fails("SyntaxError", `The subprotocol '${protocol}' is invalid.`);
    }
    if (protocols.indexOf(protocol) < index) {
      fails("SyntaxError", `The subprotocol '${protocol}' is duplicated.`);
    }
  });
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
    fails("InvalidAccessError", `The close code must be 1000 or 3000 to 4999, not ${code}.`);
  }
  if (new Blob([reason]).size > 123) {
    fails("SyntaxError", "The close reason must not be longer than 123 bytes.");
  }
}

/**
 * What of `data` is sent: a Blob, a buffer or a view as it is, all else as text.
 *
 * @throws TypeError for a symbol, and for a view of shared or resizable memory.
 */
export function payload(data: unknown): Data {
  if (ArrayBuffer.isView(data)) {
    if (isBuffer(data.buffer)) return data;
    throw new TypeError("A view of a SharedArrayBuffer cannot be sent.");
  }
  if (isBuffer(data) || isBlob(data)) return data;
  return `${data}`;
}

/** What is to be kept is copied: the application may change or transfer its buffer. */
export function copied(data: Data): Exclude<Data, ArrayBufferView> {
  if (ArrayBuffer.isView(data)) {
    return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
  }
  return data instanceof Blob || typeof data === "string" ? data : data.slice(0);
}

/** How many bytes it has on the wire, text in UTF-8. */
export const byteLength = (data: Data): number => new Blob([data as BlobPart]).size;

/** @throws DOMException `InvalidStateError`. */
export const refuseConnecting = (): never => fails("InvalidStateError", "Still in CONNECTING state.");

// Of any realm, which `instanceof` would not see.
const isBuffer = (value: unknown): value is ArrayBuffer => has(bufferLength, value);
const isBlob = (value: unknown): value is Blob => has(blobSize, value);
const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const blobSize = getter(Blob.prototype, "size");

function has(slot: (this: unknown) => number, value: unknown): boolean {
  try {
    slot.call(value);
    return true;
  } catch {
    return false;
  }
}
