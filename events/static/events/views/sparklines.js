/** On each card, what its view has had in the last hour: the server counts for all views at once. */
import { ApiProblem, send } from "../shared/api.js";
import { childrenOf, first, slot } from "../shared/dom.js";
import { isGrave } from "../values/severities.js";
import { count, grouped } from "../values/summary.js";

/** @typedef {Record<string, number>} Counts events, by severity */
/** @typedef {{ views: { id: string, parts: Counts[] }[], complete: boolean }} Counted as the server tells it */

const PARTS = 30; // two minutes each
const COUNTED_EVERY = 60_000; // ms
const SETTLED_AFTER = 500; // ms without another change of the views
const STEP = 3; // px from one bar to the next
const HEIGHT = 16; // px
const LOWEST_SCALE = 5; // events; or a single one would look like a flood

export class Sparklines {
  #list;
  #key = "";
  /** @type {Map<string, Counts[]>} */
  #parts = new Map(); // by the view's id
  #isComplete = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** `cards` has the list of cards, each with the id of its view. */
  constructor(/** @type {HTMLElement} */ cards) {
    this.#list = slot(cards, "list");
    setInterval(() => document.hidden || this.#count(), COUNTED_EVERY);
  }

  /** The cards, or what they ask for, may be others. */
  update() {
    const key = childrenOf(this.#list)
      .map(({ dataset }) => dataset.view)
      .join();
    if (key !== this.#key) {
      this.#key = key;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#count(), SETTLED_AFTER);
    }
    this.#draw();
  }

  async #count() {
    try {
      const { views, complete } = /** @type {Counted} */ (await send("GET", `counts?parts=${PARTS}`));
      this.#parts = new Map(views.map(({ id, parts }) => [id, parts]));
      this.#isComplete = complete;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      return; // what is shown stays; in a minute it is tried again
    }
    this.#draw();
  }

  #draw() {
    for (const card of childrenOf(this.#list)) {
      const parts = this.#parts.get(card.dataset.view?.split(" ")[0] ?? "");
      const place = first(card, ".sparkline");
      place.hidden = !parts;
      if (parts) draw(place, parts, this.#isComplete);
    }
  }
}

function draw(/** @type {HTMLElement} */ place, /** @type {Counts[]} */ parts, /** @type {boolean} */ isComplete) {
  const events = parts.map((part) => sum(part, () => true));
  const grave = parts.map((part) => sum(part, isGrave));
  const all = total(events);
  const words = `${isComplete ? "" : "at least "}${count(all, "event")} in the last hour`;
  const said = total(grave) ? `${words}, ${grouped(total(grave))} of them errors or worse` : words;
  const scale = HEIGHT / Math.max(LOWEST_SCALE, ...events);
  const [calm, worse] = place.querySelectorAll("path");
  calm.setAttribute("d", bars(events, scale));
  worse.setAttribute("d", bars(grave, scale));
  place.title = said;
  place.querySelector("svg")?.setAttribute("aria-label", said);
}

function bars(/** @type {number[]} */ numbers, /** @type {number} */ scale) {
  return numbers
    .map((number, at) => (number ? `M${at * STEP + 1} ${HEIGHT}v-${Math.max(1, number * scale).toFixed(1)}` : ""))
    .join("");
}

function sum(/** @type {Counts} */ part, /** @type {(severity: string) => boolean} */ counts) {
  return total(
    Object.entries(part)
      .filter(([severity]) => counts(severity))
      .map(([, number]) => number),
  );
}

function total(/** @type {number[]} */ numbers) {
  return numbers.reduce((all, number) => all + number, 0);
}
