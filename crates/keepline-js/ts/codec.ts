/**
 * How values become messages.
 *
 * @module
 */

import { SendError } from "./errors.js";

/** What a message carries on its way. */
export type Data = string | ArrayBuffer;

/** Makes messages of values, and values of messages. */
export interface Codec<Out, In> {
  /** A text, or bytes, which must not change any more. What it throws is a `SendError`'s cause. */
  encode(value: Out): string | BufferSource;
  /** What it throws is told as `undecodable`; the line stays up. */
  decode(data: Data): In;
}

/** What is no UTF-8 is no JSON either. */
const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true });

/** JSON, by the engine's own (ECMA-404). */
const json: Codec<unknown, unknown> = {
  encode: (value) => JSON.stringify(value) as string,
  decode: (data) => JSON.parse(typeof data === "string" ? data : utf8.decode(data)),
};

/** Text and bytes as they are; bytes are copied when they are sent. */
const raw: Codec<unknown, unknown> = {
  encode: (value) => (typeof value === "string" ? value : copied(value)),
  decode: (data) => data,
};

function copied(value: unknown): ArrayBuffer {
  if (value instanceof ArrayBuffer) return value.slice();
  const { buffer, byteOffset, byteLength } = value as ArrayBufferView<ArrayBuffer>;
  return buffer.slice(byteOffset, byteOffset + byteLength);
}

/**
 * @throws `TypeError` for one that is none.
 *
 * @internal
 */
export function codecOf(
  named: "json" | "raw" | Codec<never, unknown> | undefined,
): Codec<never, unknown> {
  const codec = named === undefined || named === "json" ? json : named === "raw" ? raw : named;
  if (typeof codec?.encode !== "function" || typeof codec.decode !== "function") {
    throw new TypeError("codec is neither json, raw, nor an object with encode and decode");
  }
  return codec;
}

/**
 * @throws {@link SendError} for what cannot be put into a message.
 *
 * @internal
 */
export function encode(codec: Codec<never, unknown>, value: unknown): string | ArrayBuffer {
  try {
    const data: unknown = codec.encode(value as never);
    if (typeof data === "string") return data;
    // A detached buffer has no bytes to copy, and says so.
    if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) return bytesOf(data);
  } catch (cause) {
    throw new SendError("unserializable", "the value cannot be put into a message", cause);
  }
  throw new SendError("unserializable", "the value has no form as a message");
}

function bytesOf(data: (ArrayBuffer & { resizable?: boolean }) | ArrayBufferView): ArrayBuffer {
  // No socket takes memory that may change its size.
  if (!(data instanceof ArrayBuffer) || data.resizable) return copied(data);
  data.slice(0, 0);
  return data;
}

/**
 * The bytes that a text has in UTF-8; half of a pair that stands alone becomes U+FFFD.
 *
 * @internal
 */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at) as number;
    bytes += point > 0x7ff ? 2 : +(point > 0x7f);
    // The two units of a pair are four bytes.
    if (point > 0xffff) at++;
  }
  return bytes;
}
