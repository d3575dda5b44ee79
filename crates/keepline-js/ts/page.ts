/**
 * What the page notices of its own life, and the machine of its network. Where there is no document
 * (a Worker, Node), what belongs to one is absent, and nothing is assumed of it.
 *
 * @module
 */

import { News } from "./numbers.js";

/**
 * Listens until the signal is aborted, and tells what is so already.
 *
 * A page that goes away hears of it first by `pagehide` and then, if it was visible, by
 * `visibilitychange` (HTML §7.4.6). Only the last of these is heeded, for until then the
 * application may have something to say.
 */
export function watchPage(heed: (notice: News) => void, signal: AbortSignal): void {
  const scope = globalThis as Partial<Window & typeof globalThis>;
  const { document, navigator } = scope;
  // Not every host's scope takes listeners.
  if (!scope.addEventListener) return;
  const on = (target: EventTarget, event: string, heard: (event: Event) => void): void =>
    target.addEventListener(event, heard, { signal });
  on(scope as EventTarget, "online", () => heed(News.NetworkUp));
  on(scope as EventTarget, "offline", () => heed(News.NetworkDown));
  if (navigator?.onLine === false) heed(News.NetworkDown);
  if (!document) return;
  let goes: News | undefined;
  on(document, "visibilitychange", () => {
    heed(document.hidden ? (goes ?? News.Hidden) : News.Shown);
    goes = undefined;
  });
  on(scope as EventTarget, "pagehide", (event) => {
    const notice = (event as PageTransitionEvent).persisted ? News.Suspended : News.Left;
    if (document.hidden) heed(notice);
    else goes = notice;
  });
  on(scope as EventTarget, "pageshow", (event) => {
    if (!(event as PageTransitionEvent).persisted) return;
    goes = undefined;
    heed(News.Restored);
    if (document.hidden) heed(News.Hidden);
  });
  on(document, "freeze", () => {
    goes = undefined;
    heed(News.Suspended);
  });
  on(document, "resume", () => heed(News.Resumed));
  if (document.hidden) heed(News.Hidden);
}
