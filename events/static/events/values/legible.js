/**
 * Text from outside (payloads, names, labels) as it is shown: nothing in it steers what shows it, or the direction of
 * the words around it. `legible.py` has the same rule; `tests/js/legible.json` holds both to it.
 */

/** @typedef {{ outside: string }} Outside text that does not steer the words around it */
/** @typedef {string | Outside} Piece */
/** @typedef {Piece | Piece[]} Words what `say` of dom.js writes */

const UNSAFE = /[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;
const UNSAFE_IN_JSON = /[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g; // the others, JSON itself escapes
const ONLY_LEFT_TO_RIGHT = /^[ -~]*$/;

/** Control characters, line breaks and changes of direction are replaced, each by U+FFFD. */
export function legible(/** @type {unknown} */ text) {
  return String(text ?? "").replace(UNSAFE, "\ufffd");
}

/** The same JSON, in which such characters are escaped. */
export function legibleJson(/** @type {string} */ json) {
  return json.replace(UNSAFE_IN_JSON, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A part of what `say` of dom.js writes that is kept apart from the direction of the rest. */
export function outside(/** @type {unknown} */ text) {
  return { outside: legible(text) };
}

/** The same where there is only text: a title, a label, what is spoken. */
export function isolated(/** @type {unknown} */ text) {
  const shown = legible(text);
  return ONLY_LEFT_TO_RIGHT.test(shown) ? shown : `\u2068${shown}\u2069`;
}
