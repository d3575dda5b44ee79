/**
 * Loads the core, once, when it is first wanted; and carries what crosses between it and
 * JavaScript, which is numbers, and bytes in the core's memory.
 *
 * @module
 */

import { UnsupportedError } from "./errors.js";

/** What performs the outputs of a line (`src/host.rs`). None of its methods may call a line. */
export interface Host {
  act(act: number, conn: number, number: number): void;
  text(conn: number, text: string): void;
  bytes(conn: number, bytes: Uint8Array<ArrayBuffer>): void;
  shut(conn: number, code: number, reason: string): void;
  status(at: number, why: number, code: number, attempt: number, due: number, words: string): void;
  fate(fate: number, first: number, last: number): void;
}

/** What `src/exports.rs` says of each. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  room(length: number): number;
  make(...settingsProbeCredentialsSeed: number[]): number;
  free(line: number): void;
  call(line: number, what: number, a: number, b: number, now: number): number;
  tell(line: number, what: number, conn: number, b: number, c: number, now: number): void;
  words(line: number, what: number, ...textToldNow: number[]): number;
  bytes(line: number, what: number, ...bytesToldNow: number[]): number;
}

let core: Exports;
/** The host of the line that is called: none calls another. */
let host: Host;

/** One line of the core. */
export class Line {
  #host: Host;
  #at: number;

  /** At rest; with pairs of a place in `SETTINGS` and a value, which were checked. */
  constructor(
    host: Host,
    settings: readonly number[],
    probe: string,
    credentials: string,
    seed: number,
  ) {
    const pairs = new Uint8Array(Float64Array.from(settings).buffer);
    this.#host = host;
    this.#at = core.make(...put(pairs), ...put(probe), ...put(credentials), seed);
    forgotten.register(this, this.#at, this);
  }

  /** Asks what takes numbers only, by its place in `Call`. A truth is 1. */
  call(what: number, a: number, b: number, now: number): number {
    host = this.#host;
    return core.call(this.#at, what, a, b, now);
  }

  /** Tells what takes numbers only, by its place in `News`. */
  tell(what: number, conn: number, b: number, c: number, now: number): void {
    host = this.#host;
    core.tell(this.#at, what, conn, b, c, now);
  }

  /** The same with a text, by its place in `Words`. */
  words(what: number, text: string, a: number, b: number, c: number, now: number): number {
    host = this.#host;
    return core.words(this.#at, what, ...put(text), a, b, c, now);
  }

  /** The same with bytes, by its place in `Bytes`. */
  bytes(what: number, bytes: Uint8Array, a: number, now: number): number {
    host = this.#host;
    return core.bytes(this.#at, what, ...put(bytes), a, now);
  }

  /** It is not called any more. */
  free(): void {
    this.forget();
    core.free(this.#at);
  }

  /** The same of one that has trapped: what is left of it is not to be touched. */
  forget(): void {
    forgotten.unregister(this);
  }
}

/** A line that nobody ended is freed when nobody can. */
const forgotten = new FinalizationRegistry((at: number) => core.free(at));

const encoder = new TextEncoder();
const newDecoder = (): TextDecoder => new TextDecoder("utf-8", { ignoreBOM: true });
let decoder = newDecoder();
let decoded = 0;

/** Puts it where the core takes it from. */
function put(it: string | Uint8Array): [at: number, length: number] {
  const bytes = typeof it === "string" ? encoded(it) : it;
  const at = core.room(bytes.length) >>> 0;
  memory().set(bytes, at);
  return [at, bytes.length];
}

const scratch = new Uint8Array(4_096);

/** What is surely short goes where there is room already, for to make some takes longer. */
const encoded = (text: string): Uint8Array =>
  text.length * 3 > scratch.length
    ? encoder.encode(text)
    : scratch.subarray(0, encoder.encodeInto(text, scratch).written);

let present = new Uint8Array();

/** The core's memory, which is another array after it has grown. */
function memory(): Uint8Array<ArrayBuffer> {
  if (!present.length) present = new Uint8Array(core.memory.buffer as ArrayBuffer);
  return present;
}

/** What lies there until the core's next call. */
function view(at: number, length: number): Uint8Array<ArrayBuffer> {
  const from = at >>> 0;
  return memory().subarray(from, from + length);
}

function textAt(at: number, length: number): string {
  decoded += length;
  // After 2 GiB a decoder of WebKit fails for good.
  if (decoded > 2 ** 30) [decoder, decoded] = [newDecoder(), length];
  return decoder.decode(view(at, length));
}

const imports = {
  act: (act: number, conn: number, number: number) => host.act(act, conn, number >>> 0),
  text: (conn: number, at: number, length: number) => host.text(conn, textAt(at, length)),
  bytes: (conn: number, at: number, length: number) => host.bytes(conn, view(at, length)),
  shut: (conn: number, code: number, at: number, length: number) =>
    host.shut(conn, code, textAt(at, length)),
  status: (
    status: number,
    why: number,
    code: number,
    attempt: number,
    due: number,
    at: number,
    length: number,
  ) => host.status(status, why, code, attempt, due, textAt(at, length)),
  fate: (fate: number, first: number, last: number) => host.fate(fate, first, last),
};

/** The core, once it is loaded. */
export type Core = typeof Line;

let loading: Promise<Core> | undefined;

/**
 * The core. It lies in a chunk of its own, packed as text, so that every bundler takes it along and
 * no server need know what WebAssembly is.
 *
 * @throws {@link UnsupportedError} without WebAssembly, or where the page's
 *   Content-Security-Policy does not allow it (`'wasm-unsafe-eval'`); what `import()` throws where
 *   its script does not arrive. Whoever asks next has it tried again.
 */
export function loadCore(): Promise<Core> {
  loading ??= load().catch((cause: unknown) => {
    loading = undefined;
    throw cause;
  });
  return loading;
}

async function load(): Promise<Core> {
  if (typeof WebAssembly !== "object") {
    throw new UnsupportedError("Keepline needs WebAssembly, which this environment does not have");
  }
  const packed = (await import("../pkg/packed.js")).default;
  try {
    const { instance } = await WebAssembly.instantiate(await unpack(packed), { host: imports });
    core = instance.exports as unknown as Exports;
  } catch (cause) {
    const why = "the core cannot be compiled: does the Content-Security-Policy of this page lack";
    throw new UnsupportedError(`${why} 'wasm-unsafe-eval'?`, cause);
  }
  return Line;
}

/** Base64 of what was compressed by zlib (RFC 1950). */
function unpack(packed: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(inflated).arrayBuffer();
}
