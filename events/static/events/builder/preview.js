/** How much of what has happened the chosen subscription would have matched. */
import { ask, parametersOf } from "../shared/api.js";
import { legible } from "../values/legible.js";
import { count, grouped } from "../values/summary.js";

/** @import { Asked } from "../client/protocol.js" */

/** @typedef {{ looked_at: number, matched: number, per_minute: number }} Answer */

const SETTLED_AFTER = 300; // ms without another change

export class Preview {
  #line;
  #query = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #abort = new AbortController();

  constructor(/** @type {HTMLElement} */ line) {
    this.#line = line;
  }

  show(/** @type {Asked} */ asked) {
    const query = asked.eventTypes.length ? parametersOf(asked).toString() : "";
    if (query === this.#query) return;
    this.#query = query;
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#line.hidden = !query;
    this.#line.setAttribute("aria-busy", String(query !== ""));
    if (query) this.#timer = setTimeout(() => this.#ask(query), SETTLED_AFTER);
  }

  async #ask(/** @type {string} */ query) {
    this.#abort = new AbortController();
    let text;
    try {
      text = previewText(await ask("preview", query, this.#abort));
    } catch (error) {
      if (error.name === "AbortError") return;
      text = `No preview: ${legible(error.message)}`;
    }
    if (query !== this.#query) return;
    this.#line.textContent = this.#line.title = text; // of a long one, two lines are seen
    this.#line.setAttribute("aria-busy", "false");
  }
}

export function previewText(/** @type {Answer} */ { looked_at: lookedAt, matched, per_minute: perMinute }) {
  if (!lookedAt) return "No such event has been logged yet.";
  const rate = matched ? `, about ${rateText(perMinute)}` : "";
  return `Would have matched ${grouped(matched)} of the last ${count(lookedAt, "event")} of the chosen types${rate}.`;
}

/** In the unit in which it is one or more; of two figures. */
function rateText(/** @type {number} */ perMinute) {
  /** @type {[string, number][]} */
  const units = [
    ["a minute", 1],
    ["an hour", 60],
    ["a day", 1440],
  ];
  const [unit, minutes] = units.find(([, each]) => perMinute * each >= 1) ?? units[2];
  const rate = perMinute * minutes;
  return rate < 0.1 ? "less than one in ten days" : `${grouped(Number(rate.toPrecision(2)))} ${unit}`;
}
