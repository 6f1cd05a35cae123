/** How many events there were in a stretch of time and in the one before it, in equal parts, by severity. */
import { serverNow } from "../time/server_time.js";
import { SEVERITIES } from "../values/severities.js";

/** @typedef {Record<string, number>} Counts events, by severity */
/** @typedef {[severity: string, events: number][]} Bar one part of the time, mild to grave */

export const BARS = 60; // that are shown; as many before them are what they are compared with

export class Volume {
  #now;
  /** @type {Counts[]} */
  #parts = empty();
  #begin = 0; // ms since the epoch
  #width = 1; // ms of a part
  #isLive = true; // it ends now, whenever that is

  constructor(now = serverNow) {
    this.#now = now;
  }

  /** Becomes what was counted between two times, in 2 × BARS parts. */
  set(
    /** @type {number} */ since,
    /** @type {number} */ until,
    /** @type {Counts[]} */ parts,
    /** @type {boolean} */ isLive,
  ) {
    this.#begin = since;
    this.#width = (until - since) / (2 * BARS);
    this.#parts = parts.map((each) => ({ ...each }));
    this.#isLive = isLive;
  }

  /** Counts an event that has come. */
  add(/** @type {string} */ severity, /** @type {number} */ time) {
    if (!this.#isLive) return;
    this.#roll();
    const at = Math.min(Math.floor((time - this.#begin) / this.#width), 2 * BARS - 1); // clocks differ
    const known = SEVERITIES.includes(severity) ? severity : SEVERITIES[0];
    if (at >= 0) this.#parts[at][known] = (this.#parts[at][known] ?? 0) + 1;
  }

  /** The times of the first bar's beginning and of the last one's end. */
  get span() {
    this.#roll();
    return { since: this.#begin + BARS * this.#width, until: this.#begin + 2 * BARS * this.#width };
  }

  /** @returns {Bar[]} */
  get bars() {
    this.#roll();
    return this.#parts.slice(BARS).map(barOf);
  }

  /** @returns {Counts} */
  get counts() {
    this.#roll();
    return sumOf(this.#parts.slice(BARS));
  }

  /** The same of the time before. */
  get countsBefore() {
    this.#roll();
    return sumOf(this.#parts.slice(0, BARS));
  }

  #roll() {
    if (!this.#isLive) return;
    const passed = Math.floor((this.#now() - this.#begin) / this.#width) - 2 * BARS + 1;
    if (passed <= 0) return;
    this.#begin += passed * this.#width;
    this.#parts = [...this.#parts.slice(passed), ...empty().slice(0, Math.min(passed, 2 * BARS))];
  }
}

/** @returns {Counts[]} */
function empty() {
  return Array.from({ length: 2 * BARS }, () => ({}));
}

/** @returns {Bar} */
function barOf(/** @type {Counts} */ counts) {
  return SEVERITIES.filter((severity) => counts[severity]).map((severity) => [severity, counts[severity]]);
}

function sumOf(/** @type {Counts[]} */ parts) {
  return parts.reduce(added, {});
}

/** @returns {Counts} */
export function added(/** @type {Counts} */ one, /** @type {Counts} */ other) {
  return Object.fromEntries(SEVERITIES.map((severity) => [severity, (one[severity] ?? 0) + (other[severity] ?? 0)]));
}

export function total(/** @type {Counts} */ counts) {
  return SEVERITIES.reduce((events, severity) => events + (counts[severity] ?? 0), 0);
}
