/**
 * Where a line leads: the URL and the subprotocols, checked.
 *
 * @module
 */

/** Where an attempt is to lead, and with which credentials. */
export interface Endpoint {
  /** Absolute (`ws`, `wss`, `http` or `https`), or relative to the page or Worker. */
  readonly url: string | URL;
  /** The subprotocols that are offered, or the only one; plain lines only. */
  readonly protocols?: string | readonly string[];
  /**
   * Who the client says it is, for a session's hello: it is in no URL, no log and no error. At most
   * 8 KiB.
   */
  readonly credentials?: string;
  /**
   * How long the credentials hold, in milliseconds: a session renews them in band before that.
   * Default: unknown.
   */
  readonly expiresInMs?: number;
}

/** Why an endpoint function is asked. */
export type Occasion =
  /** An attempt is to be made. */
  | "attempt"
  /** The same, after the far end has refused the credentials: the same again would end the line. */
  | "refusal"
  /** A session's credentials are about to expire. */
  | "renewal";

/**
 * Says before each attempt where it leads. One call at a time; the connect timeout covers it, and
 * what comes too late for one attempt is for the next. What it rejects with is tried again with
 * backoff, but {@link StopError} ends the line. A call that has been pending for 60 s when another
 * attempt begins is given up: whatever it says then is ignored, and the function is called again.
 * `signal` is aborted when a call is given up, with those of the calls before it, and when the line
 * ends.
 */
export type EndpointFunction = (
  why: Occasion,
  signal: AbortSignal,
) => Endpoint | string | URL | PromiseLike<Endpoint | string | URL>;

/** What a socket is opened with. */
export interface Address extends Endpoint {
  readonly url: string;
  readonly protocols: string[];
}

/** The subprotocol of sessions. */
const SESSION = "keepline.v1";

/**
 * The bad ports of Fetch §2.9, which browsers report as an ordinary failure, for ever: each by its
 * distance from the one before, which compresses to half.
 */
const FORBIDDEN = [
  0, 1, 6, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 2, 12, 5, 1, 10, 16, 8, 2, 8, 8, 6, 1, 1, 1, 5, 1, 1, 2, 2,
  2, 2, 4, 12, 2, 2, 4, 18, 18, 210, 38, 38, 47, 1, 1, 1, 11, 4, 1, 1, 8, 8, 6, 2, 7, 24, 14, 35,
  353, 1, 3, 2, 724, 1, 3, 326, 1610, 386, 145, 870, 1, 939, 566, 99, 1, 1, 1, 1, 10, 18, 3383,
];

/** A bare URL is an endpoint without anything else. */
export const asEndpoint = (given: Endpoint | string | URL): Endpoint =>
  typeof given === "string" || given instanceof URL ? { url: given } : given;

/**
 * An endpoint that a socket can be opened to.
 *
 * @throws `TypeError` if it cannot. The message does not quote the URL, which may hold a secret. A
 *   port that browsers refuse is no reason if `anyPort`.
 */
export function address(
  given: Endpoint | string | URL,
  isSession: boolean,
  anyPort = false,
): Address {
  const endpoint = asEndpoint(given);
  const protocols = [endpoint?.protocols ?? []].flat();
  if (protocols.some((it, at) => !isToken(it) || protocols.indexOf(it) !== at)) {
    throw new TypeError("a subprotocol is no token (RFC 9110 §5.6.2), or is named twice");
  }
  if (isSession && protocols.push(SESSION) > 1) {
    throw new TypeError("a session has a subprotocol of its own");
  }
  checkCredentials(endpoint?.credentials, isSession);
  const { expiresInMs = 0 } = endpoint ?? {};
  if (typeof expiresInMs !== "number") throw new TypeError("expiresInMs must be a number");
  return { ...endpoint, url: resolve(endpoint?.url, anyPort), protocols };
}

function checkCredentials(credentials: unknown, isSession: boolean): void {
  if (credentials === undefined) return;
  if (!isSession) throw new TypeError("credentials are of sessions only");
  // At most 8 KiB of UTF-8; what is no text has no such length.
  const { length } = new TextEncoder().encode(credentials as string);
  if (typeof credentials !== "string" || length > 8_192) {
    throw new TypeError("credentials must be a text of at most 8 KiB");
  }
}

const isToken = (word: unknown): boolean =>
  typeof word === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(word);

/** `url` as WHATWG WebSockets §3.1 has it. */
function resolve(url: string | URL | undefined, anyPort: boolean): string {
  const { document, location } = globalThis as { document?: Document; location?: Location };
  let resolved: URL;
  try {
    // `undefined` would be the name of a file beside the page.
    resolved = new URL(url ?? "//", document?.baseURI ?? location?.href);
  } catch {
    throw new TypeError("the endpoint has no valid URL");
  }
  resolved.protocol = resolved.protocol.replace(/^http/, "ws");
  if (!/^wss?:$/.test(resolved.protocol)) {
    throw new TypeError("the URL's scheme is none of ws, wss, http and https");
  }
  if (resolved.href.includes("#")) {
    throw new TypeError("a WebSocket's URL may have no fragment (#)");
  }
  if (!anyPort && isForbidden(resolved.port)) {
    throw new TypeError("browsers refuse to connect to the URL's port");
  }
  return resolved.href;
}

/** The default port of a scheme is empty. */
function isForbidden(port: string): boolean {
  let bad = 0;
  return FORBIDDEN.some((distance) => String((bad += distance)) === port);
}
