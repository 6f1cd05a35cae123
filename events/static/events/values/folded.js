/** Text in the form in which the server compares it: case-folded as Python does it, composed as in NFC. */
import { FOLDINGS } from "./foldings.js";

const ASCII = /^[\0-\x7f]*$/;
const TABLE = new Map();

for (const [first, last, step, shift] of FOLDINGS.shifted) {
  for (let code = first; code <= last; code += step) TABLE.set(code, String.fromCodePoint(code + shift));
}
for (const [code, text] of FOLDINGS.expanded) TABLE.set(code, text);

export function folded(/** @type {string} */ text) {
  if (ASCII.test(text)) return text.toLowerCase();
  let result = "";
  for (const character of text.normalize("NFC")) result += TABLE.get(character.codePointAt(0)) ?? character;
  return result.normalize("NFC");
}
