/** Events of the last minute, counted by second and severity. */
import { SEVERITIES } from "../values/severities.js";

/** @typedef {[severity: string, events: number][]} Bar one second, mild to grave */

export const SECONDS = 60;

export class Histogram {
  #now;
  /** @type {Map<number, Map<string, number>>} */
  #seconds = new Map(); // events, by second and severity

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  add(/** @type {string} */ severity) {
    const second = this.#second();
    const counts = this.#seconds.get(second) ?? new Map();
    this.#seconds.set(second, counts);
    const known = SEVERITIES.includes(severity) ? severity : SEVERITIES[0];
    counts.set(known, (counts.get(known) ?? 0) + 1);
  }

  /**
   * Returns a bar for each second; the last is the present one.
   * @returns {Bar[]}
   */
  bars() {
    const present = this.#second();
    for (const second of this.#seconds.keys()) if (second <= present - SECONDS) this.#seconds.delete(second);
    return Array.from({ length: SECONDS }, (_, at) => {
      const counts = this.#seconds.get(present - SECONDS + 1 + at) ?? new Map();
      return SEVERITIES.filter((severity) => counts.has(severity)).map((severity) => [severity, counts.get(severity)]);
    });
  }

  #second() {
    return Math.floor(this.#now() / 1000);
  }
}

export function sum(/** @type {Bar} */ bar) {
  return bar.reduce((events, [, number]) => events + number, 0);
}

/**
 * Returns [[severity, events]] of all bars, grave first.
 * @returns {Bar}
 */
export function totals(/** @type {Bar[]} */ bars) {
  const total = (/** @type {string} */ severity) =>
    bars.flat().reduce((events, [each, number]) => events + (each === severity ? number : 0), 0);
  /** @type {Bar} */
  const all = SEVERITIES.map((severity) => [severity, total(severity)]);
  return all.reverse().filter(([, events]) => events);
}
