/** The search box of the feed, and the values that were clicked to narrow it. */
import { clone, keyed, slot, write } from "../shared/dom.js";
import { plainText, stringify } from "../values/exact.js";
import { isolated, outside } from "../values/legible.js";

/** @import { Scalar } from "../values/exact.js" */
/** @import { Demand, Narrowing } from "./narrowing.js" */

/** @typedef {(types: string[], values: Demand[]) => void} OnTake a subscription to these types with such values is wanted */

const SETTLED_AFTER = 150; // ms without another key

export class Chips {
  #root;
  #narrowing;
  #callbacks;
  /** @type {Set<string>} */
  #types = new Set(); // of the events whose values were clicked
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor(
    /** @type {HTMLElement} */ root,
    /** @type {Narrowing} */ narrowing,
    /** @type {{ onChange: () => void, onTake: OnTake }} */ callbacks,
  ) {
    this.#root = root;
    this.#narrowing = narrowing;
    this.#callbacks = callbacks;
    slot(root, "search").addEventListener("input", () => this.#searched());
    slot(root, "take").addEventListener("click", () => callbacks.onTake([...this.#types], this.#wanted));
  }

  add(
    /** @type {string} */ member,
    /** @type {Scalar} */ value,
    /** @type {boolean} */ isWanted,
    /** @type {string} */ type,
  ) {
    this.#types.add(type);
    this.#narrowing.demand(member, value, !isWanted);
    this.update();
    this.#callbacks.onChange();
    this.#search.focus();
  }

  update() {
    const { text, values } = this.#narrowing;
    if (!values.length) this.#types.clear();
    if (!text || document.activeElement !== this.#search) this.#search.value = text;
    slot(this.#root, "take").hidden = !this.#wanted.length || !this.#types.size;
    keyed(slot(this.#root, "chips"), values, {
      key: ({ member, value, isNot }) => stringify([member, value, isNot === true]),
      create: (each) => this.#chip(each),
      update: () => {},
    });
  }

  #chip(/** @type {Demand} */ each) {
    const chip = clone("chip-template");
    const value = plainText(each.value);
    const not = each.isNot ? "not " : "";
    write(chip, { words: [not, outside(each.member), ": ", outside(value)] });
    chip.classList.toggle("not", each.isNot === true);
    chip.setAttribute("aria-label", `Do not narrow by ${not}${isolated(each.member)}: ${isolated(value)}`);
    chip.addEventListener("click", () => {
      this.#narrowing.withdraw(each);
      this.update();
      this.#callbacks.onChange();
      this.#search.focus();
    });
    return chip;
  }

  /** Filters ask for values; none leaves one out. */
  get #wanted() {
    return this.#narrowing.values.filter(({ isNot }) => !isNot);
  }

  get #search() {
    return slot(this.#root, "search", HTMLInputElement);
  }

  #searched() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#narrowing.search(this.#search.value);
      this.#callbacks.onChange();
    }, SETTLED_AFTER);
  }
}
