/** When to draw: with the next frame; in a flood only as often as eyes can follow, since each time has its price. */
import { report } from "../client/failures.js";

const IN_FLOOD_EVERY = 100; // ms

export class Drawing {
  #draw;
  #isCalm;
  #onDrawn;
  #isDue = false;
  #last = -Infinity; // performance.now()

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
    const wait = this.#isCalm() ? 0 : this.#last + IN_FLOOD_EVERY - performance.now();
    if (wait > 0) setTimeout(() => this.#withNextFrame(), wait);
    else this.#withNextFrame();
  }

  #withNextFrame() {
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#last = performance.now();
      this.#onDrawn(this.#isDone());
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
