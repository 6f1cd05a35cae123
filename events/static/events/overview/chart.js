/** Draws how many events there were, with an axis; a stretch of it that is dragged over is chosen. */
import { first, keyed, say, slot } from "../shared/dom.js";
import { ticksOf } from "./axis.js";

/** @import { Bar } from "./volume.js" */

/** @typedef {{ since: number, until: number }} Span ms since the epoch */

const GAP = 1; // px between two bars
const LOWEST_SCALE = 5; // events; or a single one would look like a flood
const SHORTEST_DRAG = 4; // px; less is a click

export class Chart {
  #root;
  #canvas;
  #brush;
  /** @type {Bar[]} */
  #bars = [];
  /** @type {Span} */
  #span = { since: 0, until: 1 };
  /** @type {number | null} */
  #from = null; // px, where a drag began

  constructor(/** @type {HTMLElement} */ root, /** @type {(span: Span) => void} */ onChosen) {
    this.#root = root;
    this.#canvas = first(root, "canvas", HTMLCanvasElement);
    this.#brush = slot(root, "brush");
    new ResizeObserver(() => this.#paint()).observe(this.#canvas);
    this.#canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#move(event));
    this.#canvas.addEventListener("pointercancel", () => this.#end());
    this.#canvas.addEventListener("pointerup", (event) => {
      const span = this.#dragged(event);
      this.#end();
      if (span) onChosen(span);
    });
  }

  show(/** @type {Bar[]} */ bars, /** @type {Span} */ span) {
    this.#bars = bars;
    this.#span = span;
    keyed(slot(this.#root, "axis"), ticksOf(span), {
      key: ({ time }) => String(time), // the hour when summer ends has the same words twice
      create: () => document.createElement("span"),
      update: (tick, { share, words }) => {
        say(tick, words);
        tick.style.left = `${100 * share}%`;
      },
    });
    this.#paint();
  }

  #begin(/** @type {PointerEvent} */ event) {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#from = event.offsetX;
  }

  #move(/** @type {PointerEvent} */ event) {
    if (this.#from === null) return;
    const left = Math.min(this.#from, event.offsetX);
    this.#brush.hidden = false;
    this.#brush.style.left = `${left}px`;
    this.#brush.style.width = `${Math.abs(this.#from - event.offsetX)}px`;
  }

  #end() {
    this.#from = null;
    this.#brush.hidden = true;
  }

  /** @returns {Span | null} */
  #dragged(/** @type {PointerEvent} */ event) {
    if (this.#from === null || Math.abs(this.#from - event.offsetX) < SHORTEST_DRAG) return null;
    const { since, until } = this.#span;
    const time = (/** @type {number} */ x) => {
      const share = Math.min(Math.max(x / this.#canvas.clientWidth, 0), 1);
      return Math.round((since + (until - since) * share) / 1000) * 1000;
    };
    const chosen = {
      since: time(Math.min(this.#from, event.offsetX)),
      until: time(Math.max(this.#from, event.offsetX)),
    };
    return chosen.since < chosen.until ? chosen : null;
  }

  #paint() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = window.devicePixelRatio;
    this.#canvas.width = width * ratio; // clears it, too
    this.#canvas.height = height * ratio;
    const context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
    context.scale(ratio, ratio);
    const style = getComputedStyle(this.#canvas);
    const events = (/** @type {Bar} */ bar) => bar.reduce((sum, [, number]) => sum + number, 0);
    const scale = height / Math.max(LOWEST_SCALE, ...this.#bars.map(events));
    const pitch = width / this.#bars.length;
    this.#bars.forEach((bar, at) => {
      let top = height;
      for (const [severity, number] of bar) {
        top -= number * scale;
        context.fillStyle = style.getPropertyValue(`--bar-${severity}`);
        context.fillRect(at * pitch, top, Math.max(1, pitch - GAP), number * scale);
      }
    });
  }
}
