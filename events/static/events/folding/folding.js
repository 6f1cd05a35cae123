/** Rows of the feed that one row stands for, until somebody wants to see them: groups.js says which. */
import { childrenOf, clone, joined, write } from "../shared/dom.js";
import { outside } from "../values/legible.js";
import { grouped, summaryPieces } from "../values/summary.js";
import { groupsOf, traitsOf } from "./groups.js";

/** @import { EventType } from "../client/protocol.js" */
/** @import { Item } from "../feed/memory.js" */
/** @import { Words } from "../values/legible.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Traits } from "./groups.js" */

const NAMED = 3; // subjects
const DURATION = /_ms$/; // of which alike events tell the median

/** @typedef {{ row: HTMLElement, event: Received, traits: Traits }} Known */

export class Folding {
  #list;
  #typeOf;
  /** @type {WeakMap<Element, Known>} */
  #known = new WeakMap(); // of rows that show an event
  /** @type {WeakSet<Element>} */
  #opened = new WeakSet(); // rows that somebody has unfolded
  /** @type {WeakMap<Element, HTMLElement>} */
  #buttons = new WeakMap(); // by the row that stands for others
  /** @type {Map<Element, HTMLElement[]>} */
  #folded = new Map(); // all rows, by the one that stands for them

  constructor(/** @type {HTMLElement} */ list, /** @type {(type: string) => EventType | undefined} */ typeOf) {
    this.#list = list;
    this.#typeOf = typeOf;
    list.addEventListener("click", ({ target }) => {
      const button = /** @type {Element} */ (target).closest(".fold");
      if (button) this.#turn(/** @type {HTMLElement} */ (button.parentElement));
    });
  }

  /** A row is new. */
  add(/** @type {HTMLElement} */ row, /** @type {Item} */ item, /** @type {boolean} */ isLogged) {
    if ("remark" in item || !row.classList.contains("row")) return;
    this.#known.set(row, { row, event: item, traits: traitsOf(this.#typeOf(item.type), item, isLogged) });
  }

  apply(/** @type {Element | null} */ read = null) {
    const rows = childrenOf(this.#list);
    const groups = groupsOf(rows.map((row) => this.#known.get(row)?.traits ?? null));
    this.#folded = new Map(groups.map(({ from, to, head }) => [rows[head], rows.slice(from, to)]));
    /** @type {Set<HTMLElement>} */
    const hidden = new Set();
    for (const { from, to, head, isStory } of groups) {
      const group = rows.slice(from, to);
      const isOpen = group.some((row) => row === read || this.#opened.has(row));
      for (const row of group) {
        if (!isOpen && row !== rows[head]) hidden.add(row);
        if (isOpen) this.#opened.add(row); // the newest, too
      }
      this.#label(rows[head], group, isStory, isOpen);
    }
    for (const row of rows) {
      if (row.hidden !== hidden.has(row)) row.hidden = !row.hidden;
      if (!this.#folded.has(row)) this.#unlabel(row);
    }
  }

  #turn(/** @type {HTMLElement} */ head) {
    const isOpen = this.#opened.has(head);
    for (const row of this.#folded.get(head) ?? []) {
      if (isOpen) this.#opened.delete(row);
      else this.#opened.add(row);
    }
    this.apply();
  }

  #label(
    /** @type {HTMLElement} */ head,
    /** @type {HTMLElement[]} */ group,
    /** @type {boolean} */ isStory,
    /** @type {boolean} */ isOpen,
  ) {
    const button = this.#buttons.get(head) ?? clone("fold-template");
    const events = group.flatMap((row) => this.#known.get(row) ?? []);
    const of = `${group.length} ${events[0].event.id}`;
    button.setAttribute("aria-expanded", String(isOpen));
    if (button.dataset.of !== of) {
      button.dataset.of = of;
      write(button, { words: isStory ? this.#storyInWords(head, events) : this.#alikeInWords(events) });
    }
    if (!this.#buttons.has(head)) head.append(button);
    this.#buttons.set(head, button);
  }

  #unlabel(/** @type {HTMLElement} */ row) {
    this.#buttons.get(row)?.remove();
    this.#buttons.delete(row);
  }

  /** @returns {Words} */
  #storyInWords(/** @type {HTMLElement} */ head, /** @type {Known[]} */ events) {
    const [{ row, event, traits }] = events;
    const more = [`${grouped(events.length - 1)} more of `, outside(traits.subject)];
    return row === head ? more : [...more, ". Newest: ", ...summaryPieces(this.#typeOf(event.type), event)];
  }

  /** @returns {Words} */
  #alikeInWords(/** @type {Known[]} */ events) {
    const subjects = new Set(events.map(({ traits }) => traits.subject).filter(Boolean));
    const names = joined([...subjects].slice(0, NAMED).map(outside), ", ");
    const more = subjects.size > NAMED ? ` and ${grouped(subjects.size - NAMED)} more` : "";
    const median = medianOf(events.map(({ event }) => event));
    return [
      `${grouped(events.length - 1)} more like this`,
      ...(subjects.size > 1 ? [": ", ...names, more] : []),
      median === null ? "" : ` · median ${grouped(median)} ms`,
    ];
  }
}

/** Of the first member that is a duration, over all events that have it. */
function medianOf(/** @type {Received[]} */ events) {
  const [member] = [...(events[0]?.data.keys() ?? [])].filter((key) => DURATION.test(key));
  const numbers = events.flatMap(({ data }) => Number(data.get(member) ?? NaN)).filter(Number.isFinite);
  if (!member || !numbers.length) return null;
  return Math.round(numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)]);
}
