/**
 * Looks into a failed handshake: a plain GET of the same URL shows what the browser's 1006 hides.
 *
 * @module
 */

import { Found } from "./numbers.js";
import { isInsecure, lookOutForPolicy } from "./transport.js";

/** No answer by then says nothing. */
const WITHIN_MS = 5_000;

/** The word of a policy that has forbidden a request comes after the request's failure. */
const WORD_OF_POLICY_MS = 50;

/** What was found: an HTTP status or {@link Found}, and how long the server asks to wait. */
export type Finding = readonly [found: number, retryAfterMs: number];

/** Finds out why a handshake with `url` may have failed. Never rejects. */
export async function lookInto(url: string, signal: AbortSignal): Promise<Finding> {
  const asked = new AbortController();
  const abort = (): void => asked.abort();
  signal.addEventListener("abort", abort, { signal: asked.signal });
  const deadline = setTimeout(abort, WITHIN_MS);
  const found = await find(new URL(url), asked.signal);
  clearTimeout(deadline);
  // The body of an answer is of no use.
  abort();
  return found;
}

async function find(url: URL, signal: AbortSignal): Promise<Finding> {
  if (isMixed(url)) return [Found.MixedContent, 0];
  // No request may have them in its URL (Fetch §5.4), and without them the answer is another.
  if (url.username || url.password) return [Found.Unknown, 0];
  url.protocol = url.protocol.replace("ws", "http");
  const isForbidden = lookOutForPolicy(url.href, signal);
  const response = await get(url, signal, "cors");
  if (response?.type === "opaqueredirect") return [Found.Redirected, 0];
  if (response) return [response.status, delayMs(response.headers.get("retry-after"))];
  if (await get(url, signal, "no-cors")) return [Found.Opaque, 0];
  await new Promise((resolve) => setTimeout(resolve, WORD_OF_POLICY_MS));
  return [signal.aborted || isForbidden() ? Found.Unknown : Found.Unreachable, 0];
}

/**
 * Cookies go with it, as they go with a WebSocket's handshake. A redirect is not followed, as a
 * WebSocket follows none; an opaque request must follow (Fetch §4.3).
 */
const get = (url: URL, signal: AbortSignal, mode: RequestMode): Promise<Response | undefined> =>
  fetch(url, {
    mode,
    signal,
    redirect: mode === "cors" ? "manual" : "follow",
    credentials: "include",
    cache: "no-store",
    referrerPolicy: "origin",
  }).catch(() => undefined);

/** `Retry-After` is a number of seconds, or a date (RFC 9110 §10.2.3). */
function delayMs(retryAfter: string | null): number {
  if (!retryAfter) return 0;
  const ms = /^\d+$/.test(retryAfter) ? +retryAfter * 1_000 : Date.parse(retryAfter) - Date.now();
  return ms > 0 ? ms : 0;
}

/**
 * Whether a secure page would open an insecure socket that leads beyond its own machine (Mixed
 * Content §4, Secure Contexts §3.1).
 */
const isMixed = ({ href, hostname }: URL): boolean =>
  isInsecure(href) && !/^((.+\.)?localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
