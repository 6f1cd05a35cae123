/** Events of the last minute, counted by second and severity. */

export const SECONDS = 60;
const GRAVEST_LAST = ["info", "warning", "error", "critical"];

export class Histogram {
  #now;
  #seconds = new Map(); // second → Map of severity and events

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  add(severity) {
    const second = this.#second();
    const counts = this.#seconds.get(second) ?? new Map();
    this.#seconds.set(second, counts);
    const known = GRAVEST_LAST.includes(severity) ? severity : "info";
    counts.set(known, (counts.get(known) ?? 0) + 1);
  }

  /** One list of [severity, events] a second, mild to grave; the last is the present second. */
  bars() {
    const present = this.#second();
    for (const second of this.#seconds.keys()) if (second <= present - SECONDS) this.#seconds.delete(second);
    return Array.from({ length: SECONDS }, (_, at) => {
      const counts = this.#seconds.get(present - SECONDS + 1 + at) ?? new Map();
      return GRAVEST_LAST.filter((severity) => counts.has(severity)).map((severity) => [
        severity,
        counts.get(severity),
      ]);
    });
  }

  #second() {
    return Math.floor(this.#now() / 1000);
  }
}

export function sum(bar) {
  return bar.reduce((events, [, number]) => events + number, 0);
}

/** [[severity, events]] of all bars, grave first. */
export function totals(bars) {
  const total = (severity) =>
    bars.flat().reduce((events, [each, number]) => events + (each === severity ? number : 0), 0);
  return [...GRAVEST_LAST]
    .reverse()
    .map((severity) => [severity, total(severity)])
    .filter(([, events]) => events);
}
