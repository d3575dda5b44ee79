/**
 * Loads the core: once, when it is first wanted.
 *
 * @module
 */

import { initSync, Line } from "../pkg/keepline_js.js";
import { UnsupportedError } from "./errors.js";

/** The core's exports. */
export type Core = typeof Line;

let loading: Promise<Core> | undefined;

/**
 * The core. It lies in a chunk of its own, packed as text, so that every bundler takes it along and
 * no server need know what WebAssembly is.
 *
 * @throws {@link UnsupportedError} without WebAssembly, or where the page's
 *   Content-Security-Policy does not allow it (`'wasm-unsafe-eval'`). It is tried again then.
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
    initSync({ module: await WebAssembly.compile(await unpack(packed)) });
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
