/** What the feed shows of what it has: a text to be found, and values that members of the payload must have. */
import { isScalar, parse, plainText, sameScalar, stringify } from "../values/exact.js";
import { summaryLine } from "../values/summary.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Scalar } from "../values/exact.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Item } from "../feed/memory.js" */

/** @typedef {{ member: string, value: Scalar, isNot?: boolean }} Demand what a member of the payload must be, or not */

const TEXT = "q";
const IS = "is.";
const NOT = "not.";

export class Narrowing {
  text = "";
  /** @type {Demand[]} */
  values = [];
  /** @type {number | undefined} */
  since; // ms since the epoch; nothing older
  /** @type {number | undefined} */
  until; // nothing newer; undefined: live
  /** @type {((event: Received) => boolean) | null} */
  ofViews = null; // whether the views that are shown ask for it; null: all that there is

  get isActive() {
    return this.isSought || this.ofViews !== null || this.isOfTime;
  }

  get isOfTime() {
    return this.since !== undefined || this.until !== undefined;
  }

  /** Whether it is narrowed by a text or by values. */
  get isSought() {
    return this.text !== "" || this.values.length > 0;
  }

  /** Becomes what an address has. */
  read(/** @type {URLSearchParams} */ parameters) {
    this.search(parameters.get(TEXT) ?? "");
    this.since = timeOf(parameters.get("since"));
    this.until = timeOf(parameters.get("until"));
    for (const [name, text] of parameters) {
      const isNot = name.startsWith(NOT);
      if (isNot || name.startsWith(IS)) this.demand(name.slice(isNot ? NOT.length : IS.length), scalarOf(text), isNot);
    }
  }

  /** Appends what `read` understands. */
  write(/** @type {URLSearchParams} */ parameters) {
    for (const name of /** @type {const} */ (["since", "until"])) {
      const time = this[name];
      if (time !== undefined) parameters.append(name, new Date(time).toISOString());
    }
    this.writeValues(parameters);
  }

  /** The same without the time. */
  writeValues(/** @type {URLSearchParams} */ parameters) {
    if (this.text) parameters.append(TEXT, this.text);
    for (const { member, value, isNot } of this.values) parameters.append((isNot ? NOT : IS) + member, written(value));
  }

  search(/** @type {string} */ text) {
    this.text = text.trim().toLowerCase();
  }

  /** What was demanded otherwise of this value is so no more. */
  demand(/** @type {string} */ member, /** @type {Scalar} */ value, isNot = false) {
    const others = this.values.filter((each) => each.member !== member || !sameScalar(each.value, value));
    this.values = [...others, { member, value, isNot }];
  }

  withdraw(/** @type {Demand} */ value) {
    this.values = this.values.filter((each) => each !== value);
  }

  /** The time stays: it is chosen elsewhere. */
  clear() {
    this.text = "";
    this.values = [];
  }

  /** Remarks belong to the whole feed: they are there only while nothing narrows it. */
  passes(/** @type {Item} */ item, /** @type {Catalog} */ catalog) {
    if (!this.isActive) return true;
    if ("remark" in item) return !this.isSought && this.until === undefined;
    if (!this.#isInTime(item)) return false;
    if (this.ofViews && !this.ofViews(item)) return false;
    return this.values.every((each) => hasValue(item, each) !== (each.isNot === true)) && this.#hasText(item, catalog);
  }

  #isInTime(/** @type {Received} */ { timestamp }) {
    if (!this.isOfTime) return true;
    const time = Date.parse(timestamp);
    return time >= (this.since ?? 0) && time <= (this.until ?? Infinity);
  }

  #hasText(/** @type {Received} */ event, /** @type {Catalog} */ catalog) {
    if (!this.text) return true;
    const words = `${catalog.label(event.type)}\n${summaryLine(catalog.type(event.type), event)}\n${event.type}`;
    return words.toLowerCase().includes(this.text) || event.payload.toLowerCase().includes(this.text);
  }
}

function timeOf(/** @type {string | null} */ text) {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/** A text as it is, unless that could be read as another value of JSON. */
function written(/** @type {Scalar} */ value) {
  if (typeof value !== "string") return plainText(value);
  return scalarOf(value) === value ? value : stringify(value);
}

/** @returns {Scalar} */
function scalarOf(/** @type {string} */ text) {
  try {
    const value = parse(text);
    return isScalar(value) ? value : text;
  } catch {
    return text;
  }
}

function hasValue(/** @type {Received} */ { data }, /** @type {Demand} */ { member, value }) {
  return [data.get(member)].flat().some((each) => sameScalar(each, value));
}
