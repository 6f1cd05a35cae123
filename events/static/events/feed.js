/** The live feed: newest first, a bounded number of rows, more in memory, and no jump under a reader's eyes. */
import { Buffer } from "./buffer.js";
import { slot } from "./dom.js";
import { eventRow, fillPayload, remarkRow } from "./row.js";
import { count, grouped } from "./summary.js";

const ROWS = 500; // in the document; some thousands would cost a browser over 10 ms a frame
const KEPT = 10_000; // items in memory
const OLDER_BY = 400; // rows; a part of the old window stays, to read on from
const AT_TOP = 5; // px scrolled that still are the live edge
const NOTICED = 20; // rows at once that still light up; more would only flicker
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -ROWS, End: ROWS };

export class Feed {
  #root;
  #list;
  #catalog;
  #onDraw;
  #buffer = new Buffer(KEPT);
  #newer = 0; // items of the buffer that are newer than the first row
  #pausedByHand = false;
  #isScrolled = false; // kept from scroll events: asking in every frame would cost a layout each time
  #scheduled = false;

  constructor(root, catalog, { onDraw }) {
    this.#root = root;
    this.#list = slot(root, "list");
    this.#catalog = catalog;
    this.#onDraw = onDraw;
    slot(root, "pause").addEventListener("click", () => this.#setPaused(!this.#pausedByHand));
    slot(root, "resume").addEventListener("click", () => this.#resume());
    slot(root, "clear").addEventListener("click", () => this.#clear());
    slot(root, "older").addEventListener("click", () => this.#older());
    this.#list.addEventListener("scroll", () => this.#scrolled());
    this.#list.addEventListener("focusout", () => this.#schedule());
    this.#list.addEventListener("toggle", ({ target }) => this.#toggled(target), { capture: true });
    this.#list.addEventListener("keydown", (event) => this.#pressed(event));
  }

  get isEmpty() {
    return this.#list.childElementCount === 0;
  }

  update(catalog) {
    this.#catalog = catalog;
  }

  /** An event as the client gives it, or `{remark}`. */
  add(item) {
    this.#buffer.add(item);
    this.#newer = Math.min(this.#newer + 1, KEPT);
    this.#schedule();
  }

  /** Whoever scrolls, reads a payload or walks through the rows by keyboard does not want them to move. */
  get #isPaused() {
    return (
      this.#pausedByHand ||
      this.#isScrolled ||
      this.#list.querySelector("details[open], summary:focus-visible") !== null
    );
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw() {
    if (this.#newer && !this.#isPaused) {
      const added = this.#buffer.newest(Math.min(this.#newer, ROWS)).map((item) => this.#row(item));
      this.#newer = 0;
      if (added.length <= NOTICED) for (const row of added) row.classList.add("fresh");
      this.#list.prepend(...added);
      while (this.#list.childElementCount > ROWS) this.#list.lastElementChild.remove();
    }
    this.#showState();
    this.#onDraw();
  }

  #row(item) {
    return "remark" in item ? remarkRow(item) : eventRow(item, this.#catalog);
  }

  #showState() {
    const paused = this.#isPaused;
    const below = this.#buffer.length - this.#newer - this.#list.childElementCount;
    const { discarded } = this.#buffer;
    slot(this.#root, "resume").hidden = !(paused && this.#newer);
    slot(this.#root, "resume").textContent = `${count(this.#newer, "newer event")} · show`;
    slot(this.#root, "older").hidden = below <= 0;
    slot(this.#root, "older").textContent = `Show older (${grouped(below)} more kept)`;
    slot(this.#root, "discarded").hidden = !discarded;
    slot(this.#root, "discarded").textContent =
      `The newest ${grouped(KEPT)} are kept; ${grouped(discarded)} older ones were discarded. ` +
      "A narrower filter keeps more of what matters.";
    slot(this.#root, "clear").disabled = this.#list.hidden = this.isEmpty;
    this.#root.dataset.paused = String(paused);
    [...this.#list.children].forEach((row, index) => row.setAttribute("aria-posinset", String(index + 1)));
    this.#keepOneTabStop();
  }

  /** The row that has the focus, else the newest. */
  #keepOneTabStop() {
    const stop = this.#list.querySelector("summary:focus") ?? this.#list.querySelector("summary");
    for (const other of this.#list.querySelectorAll("summary[tabindex='0']")) other.tabIndex = -1;
    if (stop) stop.tabIndex = 0;
  }

  #setPaused(paused) {
    this.#pausedByHand = paused;
    const button = slot(this.#root, "pause");
    button.setAttribute("aria-pressed", String(paused));
    this.#draw();
  }

  #resume() {
    this.#replaceRows([]);
    this.#newer = this.#buffer.length;
    this.#setPaused(false);
    slot(this.#root, "pause").focus();
  }

  #older() {
    this.#newer = Math.min(this.#newer + OLDER_BY, this.#buffer.length - 1);
    this.#replaceRows(this.#buffer.newest(ROWS, this.#newer));
    this.#setPaused(true);
  }

  /** While paused, what came meanwhile has not been seen, so it stays. */
  #clear() {
    this.#buffer.clear(this.#newer);
    this.#replaceRows([]);
    this.#draw();
  }

  #replaceRows(items) {
    this.#list.replaceChildren(...items.map((item) => this.#row(item)));
    this.#list.scrollTop = 0;
    this.#isScrolled = false;
  }

  #scrolled() {
    this.#isScrolled = this.#list.scrollTop > AT_TOP;
    this.#schedule();
  }

  #toggled(details) {
    if (details.open) fillPayload(details.closest("article"), this.#catalog);
    this.#schedule();
  }

  #pressed(event) {
    const rows = [...this.#list.querySelectorAll("summary")];
    const at = rows.indexOf(event.target);
    if (at < 0 || !(event.key in STEPS)) return;
    event.preventDefault();
    const to = rows[Math.max(0, Math.min(rows.length - 1, at + STEPS[event.key]))];
    to.focus();
    this.#keepOneTabStop();
  }
}
