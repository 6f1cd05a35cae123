/** What the feed has in memory: what came live, older events from the log, and which of all that is to be shown. */
import { Buffer } from "./buffer.js";
import { Narrowing } from "../narrowing/narrowing.js";
import { idOf, numberOf } from "./older.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Received } from "../values/received.js" */

/** @typedef {{ remark: string }} Remark */
/** @typedef {Received | Remark} Item */
/** @typedef {[number: number, item: Item]} Pair */

/**
 * @typedef {object} Log events that are older than all that came live
 * @property {Received[]} items
 * @property {number} last the number of the oldest
 * @property {(from: number) => Iterable<Pair>} backwards
 * @property {() => void} clear
 */

export const KEPT = 10_000; // items that came live

export class Memory {
  narrowing = new Narrowing();
  passing = 0; // items that came live and are to be shown

  #catalog;
  /** @type {Buffer<Item>} */
  #live = new Buffer(KEPT);
  #past;

  constructor(/** @type {Catalog} */ catalog, /** @type {Log} */ past) {
    this.#catalog = catalog;
    this.#past = past;
  }

  /** How many have come live. */
  get added() {
    return this.#live.added;
  }

  get kept() {
    return this.#live.length;
  }

  get discarded() {
    return this.#live.discarded;
  }

  get isEmpty() {
    return this.#live.length === 0 && this.#past.items.length === 0;
  }

  /** The number of the oldest item. */
  get oldest() {
    return this.#past.items.length ? this.#past.last : this.#live.first;
  }

  /** The id of the oldest event that came live, or null. */
  get oldestId() {
    for (let number = this.#live.first; number <= this.#live.added; number += 1) {
      const item = this.#live.at(number);
      if (!("remark" in item) && item.id) return item.id;
    }
    return null;
  }

  update(/** @type {Catalog} */ catalog) {
    this.#catalog = catalog;
  }

  /** Returns whether it is to be shown. */
  add(/** @type {Item} */ item) {
    const gone = this.#live.add(item);
    if (gone && this.#past.items.length) this.#past.clear(); // or there would be a gap between memory and log
    if (gone && this.#passes(gone)) this.passing -= 1;
    const passes = this.#passes(item);
    if (passes) this.passing += 1;
    return passes;
  }

  /** Up to `most` [number, item] pairs that are to be shown, from a number on backwards, through memory and log. */
  from(/** @type {number} */ number, /** @type {number} */ most) {
    /** @type {Pair[]} */
    const found = [];
    for (const pairs of [this.#live.backwards(number), this.#past.backwards(number)]) {
      for (const pair of pairs) {
        if (found.length === most) return found;
        if (this.#passes(pair[1])) found.push(pair);
      }
    }
    return found;
  }

  /** The same of what came live after a number, one in `step`; remarks always. */
  after(/** @type {number} */ number, /** @type {number} */ step, /** @type {number} */ most) {
    /** @type {Pair[]} */
    const found = [];
    for (const pair of this.#live.backwards()) {
      if (pair[0] <= number || found.length === most) break;
      const isSample = step === 1 || pair[0] % step === 0 || "remark" in pair[1];
      if (isSample && this.#passes(pair[1])) found.push(pair);
    }
    return found;
  }

  /**
   * Puts logged events, newest first, between those that came live and are older and newer. Returns whether there were
   * any that it did not have; what is older than all that came live is none of its.
   */
  insert(/** @type {Received[]} */ events) {
    const items = [...this.#live.backwards()].map(([, item]) => item);
    const known = new Set(items.map((item) => ("remark" in item ? undefined : item.id)));
    const { oldestId } = this;
    const fresh = events.filter(({ id }) => oldestId && id && !known.has(id) && numberOf(id) > numberOf(oldestId));
    if (!fresh.length) return false;
    /** @type {Item[]} */
    const merged = [];
    for (const item of items) {
      const number = "remark" in item || !item.id ? Infinity : numberOf(item.id);
      while (fresh.length && numberOf(idOf(fresh[0])) > number)
        merged.push(.../** @type {Received[]} */ ([fresh.shift()]));
      merged.push(item);
    }
    this.#live.clear();
    for (const item of merged.reverse()) this.#live.add(item);
    this.narrow();
    return true;
  }

  /** What narrows it is another thing now. */
  narrow() {
    this.passing = [...this.#live.backwards()].filter(([, item]) => this.#passes(item)).length;
  }

  /** Forgets all up to a number, and what narrows it. */
  clear(/** @type {number} */ upTo) {
    this.#live.clear(upTo);
    this.#past.clear();
    this.narrowing.clear();
    this.passing = this.#live.length;
  }

  /** The events that are to be shown, oldest first. */
  events() {
    /** @type {Item[]} */
    const kept = [...this.#past.items].reverse();
    for (const [, item] of [...this.#live.backwards()].reverse()) kept.push(item);
    return kept.flatMap((item) => ("remark" in item || !this.#passes(item) ? [] : [item]));
  }

  #passes(/** @type {Item} */ item) {
    return this.narrowing.passes(item, this.#catalog);
  }
}
