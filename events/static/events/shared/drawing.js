/**
 * When to draw: with the next frame; in a flood only as often as eyes can follow, and for a part of the time, since each
 * time has its price. What a slow machine has no time to draw must not keep it from reading what comes.
 */
import { report } from "../client/failures.js";

const IN_FLOOD_EVERY = 100; // ms
const SHARE = 1 / 4; // of the time that drawing may take in a flood
const LONGEST_WAIT = 1_000; // ms

export class Drawing {
  #draw;
  #isCalm;
  #onDrawn;
  #isDue = false;
  #begun = -Infinity; // performance.now(), of the last time
  #took = 0; // ms by the clock, until the browser had shown it

  /** `onDrawn(isDrawn)` after each time: false when it failed. The next time it is tried again. */
  constructor(
    /** @type {() => void} */ draw,
    /** @type {() => boolean} */ isCalm,
    /** @type {(isDrawn: boolean) => void} */ onDrawn = () => {},
  ) {
    this.#draw = draw;
    this.#isCalm = isCalm;
    this.#onDrawn = onDrawn;
  }

  /** However often it is asked for meanwhile, it is done once. */
  ask() {
    if (this.#isDue) return;
    this.#isDue = true;
    const wait = this.#isCalm() ? 0 : this.#begun + this.#pause - performance.now();
    if (wait > 0) setTimeout(() => this.#withNextFrame(), wait);
    else this.#withNextFrame();
  }

  /** From one beginning to the next. */
  get #pause() {
    return Math.min(Math.max(IN_FLOOD_EVERY, this.#took / SHARE), LONGEST_WAIT);
  }

  #withNextFrame() {
    requestAnimationFrame(() => {
      const begun = performance.now();
      this.#isDue = false;
      this.#begun = begun;
      this.#onDrawn(this.#isDone());
      setTimeout(() => (this.#took = performance.now() - begun)); // comes after style, layout and paint
    });
  }

  #isDone() {
    try {
      this.#draw();
      return true;
    } catch (error) {
      report(error);
      return false;
    }
  }
}
