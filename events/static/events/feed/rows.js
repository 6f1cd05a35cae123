/** The rows of the feed in the document: few enough for it, walked by keyboard, and marked for screen readers. */
import { childrenOf, clone, first } from "../shared/dom.js";
import { Folding } from "../folding/folding.js";
import { keepAges, makeRoom } from "../time/ages.js";
import { stepByKey } from "./keys.js";
import { TabStop } from "./tab_stop.js";

/** @import { EventType } from "../client/protocol.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Item, Pair } from "./memory.js" */

export const MOST_ROWS = 500; // some thousands would cost a browser over 10 ms a frame
export const MOST_SAMPLES = 100; // rows while only samples are shown; nobody reads further down in a flood
const AT_ONCE = 20; // rows, about as many as a window shows; the rest follows in later frames
const PER_FRAME = 8; // ms of such a frame
const AT_TOP = 5; // px scrolled that still are the live edge
const NUMBERED_EVERY = 1_000; // ms; with each frame it would be a third of what a flood costs

/**
 * @typedef {object} Callbacks
 * @property {(item: Item, number: number) => HTMLElement} create makes a row
 * @property {(row: HTMLElement, event: Received) => void} mark shows which views it is of
 * @property {(row: HTMLElement, event: Received) => void} onOpen its details are opened for the first time
 * @property {(type: string) => EventType | undefined} typeOf
 * @property {() => void} onReading `isRead` may have changed
 */

export class Rows {
  #list;
  #create;
  #markOf;
  #onOpen;
  #folding;
  /** @type {WeakMap<Element, Pair>} */
  #items = new WeakMap(); // by row
  /** @type {Pair[]} */
  #due = []; // those that belong below the rows that are there
  /** @type {WeakMap<Item, HTMLElement>} */
  #kept = new WeakMap(); // those of the last burst that are put in again
  #isFollowing = false;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #numbering = null;
  /** @type {HTMLElement | null} */
  #open = null; // the row whose details are open
  #stop;
  #isScrolled = false; // kept from scroll events: asking in every frame would cost a layout each time

  constructor(/** @type {HTMLElement} */ list, /** @type {Callbacks} */ { create, mark, onOpen, onReading, typeOf }) {
    this.#list = list;
    this.#create = create;
    this.#markOf = mark;
    this.#onOpen = onOpen;
    this.#stop = new TabStop(list);
    this.#folding = new Folding(list, typeOf);
    list.addEventListener("scroll", () => {
      this.#isScrolled = list.scrollTop > AT_TOP;
      onReading();
    });
    keepAges(list);
    list.addEventListener("focusout", onReading);
    list.addEventListener("toggle", (event) => this.#toggled(event, onReading), { capture: true });
    list.addEventListener("keydown", (event) => this.#pressed(event));
    list.addEventListener("click", ({ target }) => {
      if (/** @type {Element} */ (target).closest("[data-slot=close]")) this.#close();
    });
  }

  get length() {
    return this.#list.childElementCount + this.#due.length;
  }

  /** The number of the oldest row; undefined when there is none. */
  get last() {
    const last = this.#list.lastElementChild;
    return (this.#due.at(-1) ?? (last ? this.#pair(last) : undefined))?.[0];
  }

  /** The number of the row at an index from the top. */
  number(/** @type {number} */ index) {
    const { children } = this.#list;
    return (index < children.length ? this.#pair(children[index]) : this.#due[index - children.length])[0];
  }

  /** Whoever scrolls, reads a payload or walks through the rows by keyboard does not want them to move. */
  get isRead() {
    return this.#isScrolled || this.#open !== null || this.#stop.isUsed;
  }

  /** Puts [number, item] pairs, newest first, before the others; the oldest give way. `lit`: the new ones light up. */
  prepend(/** @type {Pair[]} */ pairs, /** @type {boolean} */ lit, most = MOST_ROWS) {
    if (pairs.length > AT_ONCE) {
      const present = childrenOf(this.#list);
      for (const row of present) row.classList.remove("fresh");
      this.#kept = new WeakMap(present.map((row) => [this.#pair(row)[1], row]));
      this.#replace([...pairs, ...present.map((row) => this.#pair(row)), ...this.#due].slice(0, most));
      return;
    }
    const rows = pairs.map((pair) => this.#row(pair));
    if (lit) for (const row of rows) row.classList.add("fresh");
    this.#list.prepend(...rows);
    for (let more = this.length - most; more > 0; more -= 1) {
      if (!this.#due.pop()) this.#list.lastElementChild?.remove();
    }
    if (this.#open?.isConnected === false) this.#showOpen(null);
    this.#mark();
  }

  /** Marks anew those that are there. */
  mark() {
    this.#kept = new WeakMap(); // those that are due are made with their new marks
    for (const row of childrenOf(this.#list)) this.#showMark(row, this.#pair(row)[1]);
  }

  append(/** @type {Pair[]} */ pairs) {
    this.#due.push(...pairs);
    this.#follow();
  }

  replace(/** @type {Pair[]} */ pairs) {
    this.#kept = new WeakMap();
    this.#replace(pairs);
  }

  #replace(/** @type {Pair[]} */ pairs) {
    this.#list.replaceChildren(...pairs.slice(0, AT_ONCE).map((pair) => this.#row(pair)));
    this.#due = pairs.slice(AT_ONCE);
    this.#list.scrollTop = 0;
    this.#isScrolled = false;
    this.#showOpen(null);
    this.#follow();
  }

  /** Opens the rows of these events; those that are due stay closed. */
  open(/** @type {Set<string | undefined>} */ ids) {
    if (!ids.size) return;
    for (const row of childrenOf(this.#list)) {
      const item = this.#pair(row)[1];
      if ("id" in item && ids.has(item.id)) first(row, "details").setAttribute("open", "");
    }
  }

  #pair(/** @type {Element} */ row) {
    return /** @type {Pair} */ (this.#items.get(row)); // each row has one
  }

  /** Some of the rows that are due; those that it has no time for, with the next frame. */
  #follow() {
    const end = performance.now() + PER_FRAME;
    while (this.#due.length && performance.now() < end)
      this.#list.append(this.#row(/** @type {Pair} */ (this.#due.shift())));
    this.#mark();
    if (!this.#due.length || this.#isFollowing) return;
    this.#isFollowing = true;
    requestAnimationFrame(() => {
      this.#isFollowing = false;
      this.#follow();
    });
  }

  #row(/** @type {Pair} */ pair) {
    const kept = this.#kept.get(pair[1]);
    if (kept) return kept;
    const row = this.#create(pair[1], pair[0]);
    this.#items.set(row, pair);
    this.#folding.add(row, pair[1], pair[0] <= 0);
    this.#showMark(row, pair[1]);
    return row;
  }

  #showMark(/** @type {HTMLElement} */ row, /** @type {Item} */ item) {
    if (row.classList.contains("row") && !("remark" in item)) this.#markOf(row, item);
  }

  #mark() {
    this.#list.hidden = this.length === 0;
    makeRoom(this.#list);
    this.#folding.apply(this.#open);
    this.#stop.update();
    this.#numbering ??= setTimeout(() => this.#number(), NUMBERED_EVERY);
  }

  #number() {
    this.#numbering = null;
    for (const [index, row] of [...this.#list.children].entries()) row.setAttribute("aria-posinset", String(index + 1));
  }

  /** Details are filled when they are first looked at: most never are. */
  #toggled(/** @type {Event} */ { target }, /** @type {() => void} */ onReading) {
    const details = /** @type {HTMLDetailsElement} */ (target);
    const row = details.closest("article");
    if (row && details.open && !row.querySelector("[data-slot=detail]")) {
      details.append(clone("detail-template"));
      this.#showMark(row, this.#pair(row)[1]); // in words
      this.#onOpen(row, /** @type {Received} */ (this.#pair(row)[1]));
    }
    if (row && details.open) this.#showOpen(row);
    else if (row && row === this.#open) this.#showOpen(null);
    onReading();
  }

  /** Where there is room, the details stand beside all rows: so one row at a time is open. */
  #showOpen(/** @type {HTMLElement | null} */ row) {
    this.#open?.removeAttribute("data-open");
    this.#open = row;
    row?.setAttribute("data-open", "");
    this.#list.parentElement?.toggleAttribute("data-open", row !== null);
  }

  #close() {
    const details = this.#list.querySelector("details[open]");
    if (!details) return;
    details.removeAttribute("open");
    first(details, "summary").focus();
  }

  #pressed(/** @type {KeyboardEvent} */ event) {
    if (event.key === "Escape") this.#close();
    if (stepByKey(this.#list, event)) this.#stop.update();
  }
}
