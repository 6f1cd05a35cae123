/** What the feed shows of what it has: a text to be found, and values that members of the payload must have. */
import { sameScalar } from "../values/exact.js";
import { summaryLine } from "../values/summary.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Scalar } from "../values/exact.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Item } from "./memory.js" */

/** @typedef {{ member: string, value: Scalar }} Demand what a member of the payload must be */

export class Narrowing {
  text = "";
  /** @type {Demand[]} */
  values = [];

  get isActive() {
    return this.text !== "" || this.values.length > 0;
  }

  search(/** @type {string} */ text) {
    this.text = text.trim().toLowerCase();
  }

  demand(/** @type {string} */ member, /** @type {Scalar} */ value) {
    const isThere = this.values.some((each) => each.member === member && sameScalar(each.value, value));
    if (!isThere) this.values.push({ member, value });
  }

  withdraw(/** @type {Demand} */ value) {
    this.values = this.values.filter((each) => each !== value);
  }

  clear() {
    this.text = "";
    this.values = [];
  }

  /** Remarks belong to the whole feed: they are there only while nothing narrows it. */
  passes(/** @type {Item} */ item, /** @type {Catalog} */ catalog) {
    if (!this.isActive) return true;
    if ("remark" in item) return false;
    return this.values.every((each) => hasValue(item, each)) && this.#hasText(item, catalog);
  }

  #hasText(/** @type {Received} */ event, /** @type {Catalog} */ catalog) {
    if (!this.text) return true;
    const words = `${catalog.label(event.type)}\n${summaryLine(catalog.type(event.type), event)}\n${event.type}`;
    return words.toLowerCase().includes(this.text) || event.payload.toLowerCase().includes(this.text);
  }
}

function hasValue(/** @type {Received} */ { data }, /** @type {Demand} */ { member, value }) {
  return [data.get(member)].flat().some((each) => sameScalar(each, value));
}
