/** When to draw: with the next frame; in a flood only as often as eyes can follow, since each time has its price. */

const IN_FLOOD_EVERY = 100; // ms

export class Drawing {
  #draw;
  #isCalm;
  #isDue = false;
  #last = -Infinity; // performance.now()

  constructor(draw, isCalm) {
    this.#draw = draw;
    this.#isCalm = isCalm;
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
      this.#draw();
    });
  }
}
