/** The rows of the feed in the document: few enough for it, walked by keyboard, and marked for screen readers. */
import { slot } from "../shared/dom.js";

export const MOST_ROWS = 500; // some thousands would cost a browser over 10 ms a frame
const AT_ONCE = 50; // rows, more than a window shows; the rest follows in later frames
const PER_FRAME = 8; // ms of such a frame
const BURST = 200; // new rows at once; for so many, it is cheaper to build all anew, in parts
const AT_TOP = 5; // px scrolled that still are the live edge
const NUMBERED_EVERY = 1_000; // ms; with each frame it would be a third of what a flood costs
const STEPS = new Map([
  ["ArrowDown", 1],
  ["ArrowUp", -1],
  ["PageDown", 10],
  ["PageUp", -10],
  ["Home", -MOST_ROWS],
  ["End", MOST_ROWS],
]);

export class Rows {
  #list;
  #create;
  #onOpen;
  #items = new WeakMap(); // row → [number, item]
  #due = []; // [number, item] pairs that belong below the rows that are there
  #isFollowing = false;
  #numbering = null; // timer
  #isScrolled = false; // kept from scroll events: asking in every frame would cost a layout each time

  /** `create(item)` makes a row; `onOpen(row, item)` when its details are first opened; `onReading()` may have changed. */
  constructor(list, { create, onOpen, onReading }) {
    this.#list = list;
    this.#create = create;
    this.#onOpen = onOpen;
    list.addEventListener("scroll", () => {
      this.#isScrolled = list.scrollTop > AT_TOP;
      onReading();
    });
    list.addEventListener("focusout", onReading);
    list.addEventListener("toggle", (event) => this.#toggled(event, onReading), { capture: true });
    list.addEventListener("keydown", (event) => this.#pressed(event));
  }

  get length() {
    return this.#list.childElementCount + this.#due.length;
  }

  /** The number of the oldest row; undefined when there is none. */
  get last() {
    return (this.#due.at(-1) ?? this.#items.get(this.#list.lastElementChild))?.[0];
  }

  /** The number of the row at an index from the top. */
  number(index) {
    const { children } = this.#list;
    return (index < children.length ? this.#items.get(children[index]) : this.#due[index - children.length])[0];
  }

  /** Whoever scrolls, reads a payload or walks through the rows by keyboard does not want them to move. */
  get isRead() {
    return this.#isScrolled || this.#list.querySelector("details[open], summary:focus-visible") !== null;
  }

  /** Puts [number, item] pairs, newest first, before the others; the oldest give way. `lit`: the new ones light up. */
  prepend(pairs, lit) {
    if (pairs.length > BURST) {
      const present = [...this.#list.children].map((row) => this.#items.get(row));
      this.replace([...pairs, ...present, ...this.#due].slice(0, MOST_ROWS));
      return;
    }
    const rows = pairs.map((pair) => this.#row(pair));
    if (lit) for (const row of rows) row.classList.add("fresh");
    this.#list.prepend(...rows);
    while (this.length > MOST_ROWS) if (!this.#due.pop()) this.#list.lastElementChild.remove();
    this.#mark();
  }

  append(pairs) {
    this.#due.push(...pairs);
    this.#follow();
  }

  replace(pairs) {
    this.#list.replaceChildren(...pairs.slice(0, AT_ONCE).map((pair) => this.#row(pair)));
    this.#due = pairs.slice(AT_ONCE);
    this.#list.scrollTop = 0;
    this.#isScrolled = false;
    this.#follow();
  }

  /** Some of the rows that are due; those that it has no time for, with the next frame. */
  #follow() {
    const end = performance.now() + PER_FRAME;
    while (this.#due.length && performance.now() < end) this.#list.append(this.#row(this.#due.shift()));
    this.#mark();
    if (!this.#due.length || this.#isFollowing) return;
    this.#isFollowing = true;
    requestAnimationFrame(() => {
      this.#isFollowing = false;
      this.#follow();
    });
  }

  #row(pair) {
    const row = this.#create(pair[1]);
    this.#items.set(row, pair);
    return row;
  }

  #mark() {
    this.#list.hidden = this.length === 0;
    this.#keepOneTabStop();
    this.#numbering ??= setTimeout(() => this.#number(), NUMBERED_EVERY);
  }

  #number() {
    this.#numbering = null;
    for (const [index, row] of [...this.#list.children].entries()) row.setAttribute("aria-posinset", String(index + 1));
  }

  /** The row that has the focus, else the newest. */
  #keepOneTabStop() {
    const stop = this.#list.querySelector("summary:focus") ?? this.#list.querySelector("summary");
    for (const other of this.#list.querySelectorAll("summary[tabindex='0']")) other.tabIndex = -1;
    if (stop) stop.tabIndex = 0;
  }

  /** Details are filled when they are first looked at: most never are. */
  #toggled({ target: details }, onReading) {
    const row = details.closest("article");
    if (details.open && !slot(row, "type").textContent) this.#onOpen(row, this.#items.get(row)[1]);
    onReading();
  }

  #pressed(event) {
    const rows = [...this.#list.querySelectorAll("summary")];
    const at = rows.indexOf(event.target);
    if (at < 0 || !STEPS.has(event.key)) return;
    event.preventDefault();
    rows[Math.max(0, Math.min(rows.length - 1, at + STEPS.get(event.key)))].focus();
    this.#keepOneTabStop();
  }
}
