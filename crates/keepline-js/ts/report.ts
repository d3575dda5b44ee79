/**
 * What becomes of an application's own exceptions.
 *
 * @module
 */

/** Shows what application code has thrown, as the event loop would. */
export function report(thrown: unknown): void {
  if (typeof reportError === "function") return reportError(thrown);
  setTimeout(() => {
    throw thrown;
  });
}
