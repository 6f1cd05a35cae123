/** How many events come a second, and which of them are shown when they are too many to be read. */

export const MOST_SHOWN = 200; // events a second
const MOST_NOTICED = 20; // events a second
const WINDOW = 1_000; // ms
const WINDOWS = 5; // that the rate is judged by: what comes by fits and starts is a flood, too

export class Sampling {
  #now;
  #begun = -Infinity;
  #current = 0;
  #complete = Array(WINDOWS).fill(0); // events of the last windows

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  arrived() {
    this.#turn();
    this.#current += 1;
  }

  /** One in so many is shown; 1: all. The fullest window does not count: a single burst is a replay. */
  get step() {
    this.#turn();
    const rest = this.#complete.reduce((sum, events) => sum + events, 0) - Math.max(...this.#complete);
    return Math.max(1, Math.ceil(rest / (WINDOWS - 1) / MOST_SHOWN));
  }

  /** Whether so few come that each may draw attention to itself. */
  get isCalm() {
    this.#turn();
    return Math.max(this.#current, this.#complete.at(-1)) <= MOST_NOTICED;
  }

  #turn() {
    const passed = Math.floor((this.#now() - this.#begun) / WINDOW);
    if (passed < 1) return;
    const empty = Array(Math.min(passed - 1, WINDOWS)).fill(0);
    this.#complete = [...this.#complete, this.#current, ...empty].slice(-WINDOWS);
    this.#current = 0;
    this.#begun = passed === Infinity ? this.#now() : this.#begun + passed * WINDOW;
  }
}
