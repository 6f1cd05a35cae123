/** What stands round the rows of the feed: which buttons there are, and what is said of the events that are not shown. */
import { say, slot } from "../shared/dom.js";
import { grouped } from "../values/summary.js";

/**
 * @typedef {object} State
 * @property {boolean} isPaused
 * @property {boolean} isEmpty
 * @property {boolean} isNarrowed
 * @property {boolean} hasRows
 * @property {boolean} hasOlder
 * @property {number} step one in so many is shown
 * @property {number} waiting events that are to be shown
 * @property {number} passing events that pass what narrows the feed
 * @property {number} kept events
 * @property {number} discarded events
 * @property {number} capacity the number of events past which older ones are discarded
 */

export class FeedState {
  #root;
  #slots; // looked up once: behind hundreds of rows, each is a long way to find

  constructor(/** @type {HTMLElement} */ root) {
    this.#root = root;
    this.#slots = {
      clear: slot(root, "clear", HTMLButtonElement),
      discarded: slot(root, "discarded"),
      export: slot(root, "export", HTMLButtonElement),
      found: slot(root, "found"),
      noneFound: slot(root, "none-found"),
      older: slot(root, "older"),
      resume: slot(root, "resume"),
      sampling: slot(root, "sampling"),
      tools: slot(root, "tools"),
    };
  }

  show(
    /** @type {State} */ {
      isPaused,
      isEmpty,
      isNarrowed,
      hasRows,
      hasOlder,
      step,
      waiting,
      passing,
      kept,
      discarded,
      capacity,
    },
  ) {
    const { resume, older, sampling, clear, tools, found } = this.#slots;
    this.#root.dataset.paused = String(isPaused);
    resume.hidden = !(isPaused && waiting);
    older.hidden = !hasOlder;
    this.#slots.discarded.hidden = !discarded;
    sampling.hidden = step === 1;
    clear.disabled = this.#slots.export.disabled = isEmpty;
    tools.hidden = isEmpty;
    this.#slots.noneFound.hidden = !isNarrowed || hasRows || isEmpty;
    say(resume, `${grouped(waiting)} new · resume`);
    say(this.#slots.export, isNarrowed ? "Export these" : "Export");
    say(found, isNarrowed ? `${grouped(passing)} of ${grouped(kept)} kept` : "");
    say(sampling, `Too many to read: showing 1 of ${step}. All are kept for search, export and “Show older”.`);
    say(
      this.#slots.discarded,
      `The newest ${grouped(capacity)} are kept; ${grouped(discarded)} older ones were discarded. ` +
        "A narrower filter keeps more of what matters.",
    );
  }
}
