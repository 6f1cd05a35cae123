/** What the feed shows of what it has: a text to be found, and values that members of the payload must have. */
import { sameScalar } from "../values/exact.js";
import { summaryLine } from "../values/summary.js";

export class Narrowing {
  text = "";
  values = []; // {member, value}

  get isActive() {
    return this.text !== "" || this.values.length > 0;
  }

  search(text) {
    this.text = text.trim().toLowerCase();
  }

  demand(member, value) {
    const isThere = this.values.some((each) => each.member === member && sameScalar(each.value, value));
    if (!isThere) this.values.push({ member, value });
  }

  withdraw(value) {
    this.values = this.values.filter((each) => each !== value);
  }

  clear() {
    this.text = "";
    this.values = [];
  }

  /** Remarks belong to the whole feed: they are there only while nothing narrows it. */
  passes(item, catalog) {
    if (!this.isActive) return true;
    if ("remark" in item) return false;
    return this.values.every((each) => hasValue(item, each)) && this.#hasText(item, catalog);
  }

  #hasText(event, catalog) {
    if (!this.text) return true;
    const words = `${catalog.label(event.type)}\n${summaryLine(catalog.type(event.type), event)}\n${event.type}`;
    return words.toLowerCase().includes(this.text) || event.payload.toLowerCase().includes(this.text);
  }
}

function hasValue({ data }, { member, value }) {
  return [data.get(member)].flat().some((each) => sameScalar(each, value));
}
