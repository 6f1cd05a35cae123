/** Lines for a shell. */

/** Runs a management command, in the folder of the installation. */
export const MANAGE = ".venv/bin/python manage.py";

// Typed or pasted, they would act on the terminal, or turn the direction of what is read there.
const STEERING = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;
const TO_ESCAPE = /[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069'\\]/g;

/** One word of a POSIX shell, whatever is in it; of bash and zsh where it has characters that nobody can see. */
export function quoted(/** @type {string} */ value) {
  if (STEERING.test(value)) return `$'${value.replace(TO_ESCAPE, escaped)}'`;
  return /^[\w.:@/+=-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function escaped(/** @type {string} */ character) {
  return /['\\]/.test(character) ? `\\${character}` : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
