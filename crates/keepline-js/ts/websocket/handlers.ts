/**
 * Event handler attributes, `onopen` and the like (HTML §8.1.8.1).
 *
 * @module
 */

// The page may put others in their place; the browser's own attributes do not notice either.
const { addEventListener, removeEventListener } = EventTarget.prototype;

/** An attribute's value: called when it is a function, kept and ignored when another object. */
export type Handler = ((event: Event) => unknown) | object | null;

/** The event handlers of one target. */
export class Handlers {
  readonly #target: EventTarget;
  readonly #set = new Map<string, { value: Handler; listener: (event: Event) => void }>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get(type: string): Handler {
    return this.#set.get(type)?.value ?? null;
  }

  /**
   * A handler has its place among the listeners from when it is first set; another value keeps the
   * place, `null` gives it up. What is no object is `null`.
   */
  set(type: string, given: unknown): void {
    const value = Object(given) === given ? (given as Handler) : null;
    const present = this.#set.get(type);
    if (!value) {
      if (present) removeEventListener.call(this.#target, type, present.listener);
      this.#set.delete(type);
    } else if (present) {
      present.value = value;
    } else {
      const handler = { value, listener: (event: Event) => this.#call(handler.value, event) };
      this.#set.set(type, handler);
      addEventListener.call(this.#target, type, handler.listener);
    }
  }

  #call(value: Handler, event: Event): void {
    if (typeof value !== "function") return;
    const result: unknown = (value as Function).call(event.currentTarget, event);
    if (result === false) event.preventDefault();
  }
}
