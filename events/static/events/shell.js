/** Lines for a shell. */

/** Runs a management command, in the folder of the installation. */
export const MANAGE = ".venv/bin/python manage.py";

/** One word of a POSIX shell, whatever is in it. */
export function quoted(value) {
  return /^[\w.:@/+=-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
