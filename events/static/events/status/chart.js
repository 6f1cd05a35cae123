/** Draws the histogram, and says in words what it shows. */
import { first, write } from "../shared/dom.js";
import { Histogram, SECONDS, sum, totals } from "./histogram.js";
import { count, grouped } from "../values/summary.js";

/** @import { Received } from "../values/received.js" */
/** @import { Bar } from "./histogram.js" */

const EVERY = 1_000; // ms
const GAP = 1; // px between two bars
const LOWEST_SCALE = 5; // events; or a single one would look like a flood

export class Chart {
  #root;
  #canvas;
  #histogram = new Histogram();
  #isEmpty = true;

  constructor(/** @type {HTMLElement} */ root) {
    this.#root = root;
    this.#canvas = first(root, "canvas", HTMLCanvasElement);
    setInterval(() => this.#draw(), EVERY);
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
  }

  add(/** @type {Received} */ event) {
    this.#histogram.add(event.severity);
    this.#isEmpty = false;
  }

  #draw() {
    if (this.#isEmpty || document.hidden) return;
    this.#root.hidden = false;
    const bars = this.#histogram.bars();
    this.#isEmpty = bars.every((bar) => !bar.length) && this.#canvas.width > 0;
    write(this.#root, { words: inWords(bars) });
    this.#paint(bars);
  }

  #paint(/** @type {Bar[]} */ bars) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = window.devicePixelRatio;
    this.#canvas.width = width * ratio; // clears it, too
    this.#canvas.height = height * ratio;
    const context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
    context.scale(ratio, ratio);
    const style = getComputedStyle(this.#canvas);
    const scale = height / Math.max(LOWEST_SCALE, ...bars.map(sum));
    const pitch = width / SECONDS;
    bars.forEach((bar, at) => {
      let top = height;
      for (const [severity, events] of bar) {
        top -= events * scale;
        context.fillStyle = style.getPropertyValue(`--bar-${severity}`);
        context.fillRect(at * pitch, top, Math.max(1, pitch - GAP), events * scale);
      }
    });
  }
}

function inWords(/** @type {Bar[]} */ bars) {
  const all = bars.reduce((events, bar) => events + sum(bar), 0);
  if (!all) return "No event in the last minute.";
  const by = totals(bars).map(([severity, events]) => `${grouped(events)} ${severity}`);
  const most = Math.max(...bars.map(sum));
  return `Last minute: ${count(all, "event")} (${by.join(", ")}), at most ${grouped(most)} a second.`;
}
