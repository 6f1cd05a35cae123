/** Runs of alike events, of which one row stands for all until somebody wants to see them. */
import { clone, joined, write } from "../shared/dom.js";
import { isScalar, plainText } from "../values/exact.js";
import { outside } from "../values/legible.js";
import { grouped, summaryLine } from "../values/summary.js";

/** @import { EventType } from "../client/protocol.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Item } from "./memory.js" */

const FEWEST = 5; // rows of a run that is folded
const NAMED = 3; // subjects
const DURATION = /_ms$/; // of which a run tells the median

/** What two events have in common that are alike: of mild ones the type, of grave ones also what the line says. */
export function likeness(/** @type {EventType | undefined} */ type, /** @type {Received} */ event) {
  const line = event.severity !== "info" ? summaryLine(type, event) : "";
  return `${event.type} ${event.severity} ${line}`;
}

export class Folding {
  #list;
  #itemOf;
  #subjectOf;
  /** @type {WeakSet<Element>} */
  #opened = new WeakSet(); // rows of runs that somebody has unfolded

  /** `itemOf(row)`; `subjectOf(type)`: the member that says what an event is about. */
  constructor(
    /** @type {HTMLElement} */ list,
    /** @type {(row: Element) => Item} */ itemOf,
    /** @type {(type: string) => string | undefined} */ subjectOf,
  ) {
    this.#list = list;
    this.#itemOf = itemOf;
    this.#subjectOf = subjectOf;
    list.addEventListener("click", ({ target }) => {
      const button = /** @type {Element} */ (target).closest(".fold");
      if (button) this.#turn(/** @type {HTMLElement} */ (button.parentElement));
    });
  }

  apply() {
    /** @type {HTMLElement[]} */
    let run = [];
    for (const row of /** @type {HTMLElement[]} */ ([...this.#list.children])) {
      if (run.length && row.dataset.alike === run[0].dataset.alike) {
        run.push(row);
      } else {
        this.#show(run);
        run = row.dataset.alike === undefined ? [] : [row];
      }
    }
    this.#show(run);
  }

  #turn(/** @type {HTMLElement} */ head) {
    const isOpen = this.#opened.has(head);
    for (const row of this.#runOf(head)) {
      if (isOpen) this.#opened.delete(row);
      else this.#opened.add(row);
    }
    this.apply();
  }

  #runOf(/** @type {HTMLElement} */ head) {
    const run = [head];
    for (let row = head.nextElementSibling; row; row = row.nextElementSibling) {
      if (/** @type {HTMLElement} */ (row).dataset.alike !== head.dataset.alike) break;
      run.push(/** @type {HTMLElement} */ (row));
    }
    return run;
  }

  #show(/** @type {HTMLElement[]} */ run) {
    const isFolded = run.length >= FEWEST;
    const isOpen = isFolded && run.some((row) => this.#opened.has(row) || row.querySelector("details[open]") !== null);
    run.forEach((row, place) => {
      const isHidden = isFolded && !isOpen && place > 0;
      if (row.hidden !== isHidden) row.hidden = isHidden;
      if (isOpen) this.#opened.add(row); // the newest of it, too
      if (place > 0 || !isFolded) row.querySelector(".fold")?.remove();
    });
    if (isFolded) this.#label(run, isOpen);
  }

  #label(/** @type {HTMLElement[]} */ run, /** @type {boolean} */ isOpen) {
    const [head] = run;
    const button = /** @type {HTMLElement} */ (head.querySelector(".fold")) ?? clone("fold-template");
    button.setAttribute("aria-expanded", String(isOpen));
    if (button.dataset.of !== String(run.length)) {
      button.dataset.of = String(run.length);
      write(button, { words: this.#words(run) });
    }
    if (!button.isConnected) head.append(button);
  }

  #words(/** @type {HTMLElement[]} */ run) {
    const events = run.flatMap((row) => {
      const item = this.#itemOf(row);
      return "remark" in item ? [] : [item];
    });
    const subject = this.#subjectOf(events[0]?.type ?? "");
    const subjects = new Set(
      events
        .flatMap(({ data }) => (subject ? [data.get(subject)] : []))
        .filter(isScalar)
        .map(plainText),
    );
    const names = joined([...subjects].slice(0, NAMED).map(outside), ", ");
    const more = subjects.size > NAMED ? ` and ${grouped(subjects.size - NAMED)} more` : "";
    const median = medianOf(events);
    return [
      `${grouped(run.length - 1)} more like this`,
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
