/**
 * What an application gives is what it may be.
 *
 * @module
 */

/** @throws `TypeError` for one of these that is given, and is of another type. */
export function mustBe(type: string, named: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined || (value !== null && typeof value === type)) continue;
    throw new TypeError(`${name} must be of the type ${type}`);
  }
}

/**
 * A wrong spelling never passes as a default.
 *
 * @throws `TypeError` for what is left when all that there is was taken out.
 *
 * @internal
 */
export function refuse(others: object, of = ""): void {
  for (const name in others) throw new TypeError(`there is no option ${of}${name}`);
}
