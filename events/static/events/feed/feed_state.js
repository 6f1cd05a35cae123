/** What stands round the rows of the feed: which buttons there are, and what is said of the events that are not shown. */
import { say, slot } from "../shared/dom.js";
import { KEPT } from "./memory.js";
import { grouped } from "../values/summary.js";

/** @import { Memory } from "./memory.js" */
/** @import { ShownEvents } from "./shown_events.js" */

/** @typedef {{ isPaused: boolean, isEmpty: boolean, rows: number }} State `rows`: how many there are */

const NOTHING_FOUND = "None of the events that are here has that.";
const NOTHING_THEN = "Nothing that you watch happened in this time.";
const NOTHING_YET = "None of the events that are here is of this view.";

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
    /** @type {State} */ { isPaused, isEmpty, rows },
    /** @type {Memory} */ { narrowing, passing, kept, discarded },
    /** @type {ShownEvents} */ { hasOlder, step, waiting },
  ) {
    const { resume, older, sampling, clear, tools, found } = this.#slots;
    this.#root.dataset.paused = String(isPaused);
    resume.hidden = !(isPaused && waiting);
    older.hidden = !hasOlder;
    this.#slots.discarded.hidden = !discarded;
    sampling.hidden = step === 1;
    clear.disabled = this.#slots.export.disabled = isEmpty;
    tools.hidden = isEmpty;
    this.#slots.noneFound.hidden = !narrowing.isActive || rows > 0 || isEmpty;
    say(this.#slots.noneFound, narrowing.isSought ? NOTHING_FOUND : narrowing.isOfTime ? NOTHING_THEN : NOTHING_YET);
    say(resume, `${grouped(waiting)} new · resume`);
    say(this.#slots.export, narrowing.isActive ? "Export these" : "Export");
    say(found, narrowing.isSought ? `${grouped(passing)} of ${grouped(kept)} that came live` : "");
    say(sampling, `Too many to read: showing 1 of ${step}. All are kept for search, export and “Show older”.`);
    say(
      this.#slots.discarded,
      `The newest ${grouped(KEPT)} are kept; ${grouped(discarded)} older ones were discarded. ` +
        "A narrower filter keeps more of what matters.",
    );
  }
}
