/** Which events of the memory the rows show: how far they have come, what waits, and what samples leave out. */
import { KEPT } from "./memory.js";
import { MOST_ROWS, MOST_SAMPLES } from "./rows.js";

/** @import { Memory } from "./memory.js" */
/** @import { Rows } from "./rows.js" */
/** @import { Sampling } from "./sampling.js" */

const OLDER_BY = 400; // rows; a part of the old window stays, to read on from

export class ShownEvents {
  waiting = 0; // newer items that are to be shown
  step = 1; // of the rows that are there: one in so many

  #rows;
  #memory;
  #sampling;
  #top = 0; // number of the newest item that the rows have come to

  constructor(/** @type {Rows} */ rows, /** @type {Memory} */ memory, /** @type {Sampling} */ sampling) {
    this.#rows = rows;
    this.#memory = memory;
    this.#sampling = sampling;
  }

  /** Whether the last row is of the memory still: rows may have come from the log, and memory has moved on since. */
  get isKnown() {
    const { last } = this.#rows;
    return last === undefined || last >= this.#memory.oldest;
  }

  get hasOlder() {
    const { last } = this.#rows;
    return last !== undefined && last > this.#memory.oldest;
  }

  arrived() {
    this.waiting = Math.min(this.waiting + 1, KEPT);
  }

  showNew() {
    const step = this.#sampling.step;
    if (this.step > 1 && step === 1) {
      this.showNewest(); // what the samples left out
    } else if (this.waiting) {
      const most = step > 1 ? MOST_SAMPLES : MOST_ROWS;
      this.#rows.prepend(this.#memory.after(this.#top, step, most), this.#sampling.isCalm, most);
    }
    this.step = step;
    this.#seen();
  }

  showNewest() {
    this.#rows.replace(this.#memory.from(this.#memory.added, MOST_ROWS));
    this.step = 1;
    this.#seen();
  }

  /** Puts older ones below what came live, as many as there is room for, in place of those of a former log. */
  fillUp() {
    this.#rows.prepend([], false, this.#liveRows);
    if (this.isKnown) this.#rows.append(this.#older(MOST_ROWS - this.#rows.length));
    else this.showNewest();
  }

  /** Reads on below the last row; returns whether the newest rows had to give way. */
  showOlder() {
    const { length } = this.#rows;
    const older = this.#older(OLDER_BY);
    const isTooMuch = length + older.length > MOST_ROWS;
    if (isTooMuch) {
      const first = this.#rows.number(length + older.length - MOST_ROWS);
      this.#rows.replace(this.#memory.from(first, MOST_ROWS));
    } else {
      this.#rows.append(older);
    }
    return isTooMuch;
  }

  /** What has not been seen, because it came while the feed was paused, stays. */
  clear() {
    this.#memory.clear(this.#top);
    this.waiting = this.#memory.kept;
    this.#rows.replace([]);
  }

  get #liveRows() {
    let { length } = this.#rows;
    while (length && this.#rows.number(length - 1) <= 0) length -= 1;
    return length;
  }

  #older(/** @type {number} */ most) {
    const { last } = this.#rows;
    return this.#memory.from(last === undefined ? this.#top : last - 1, most);
  }

  #seen() {
    this.#top = this.#memory.added;
    this.waiting = 0;
  }
}
