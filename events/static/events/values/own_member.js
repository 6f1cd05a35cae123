/**
 * Returns what an object itself has under a name from outside; `constructor` and its like are names as any other.
 * @template T
 * @param {{ [name: string]: T } | null | undefined} object
 * @param {string | null | undefined} name
 * @returns {T | undefined}
 */
export function ownMember(object, name) {
  return object && typeof name === "string" && Object.hasOwn(object, name) ? object[name] : undefined;
}
