/** The severities, the same as in events/core/event_types.py. */

/** From mild to grave. */
export const SEVERITIES = ["info", "warning", "error", "critical"];

/** Returns whether somebody should hear of such events at once. */
export function isGrave(/** @type {string} */ severity) {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf("error");
}

/** Returns the options from mild to grave, if all are severities; else in the order in which they are. */
export function inOrderOfSeverity(/** @type {string[]} */ options) {
  if (!options.every((option) => SEVERITIES.includes(option))) return options;
  return SEVERITIES.filter((severity) => options.includes(severity));
}
