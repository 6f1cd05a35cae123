/** What stands round the rows of the feed: which buttons there are, and what is said of the events that are not shown. */
import { say, slots } from "../shared/dom.js";
import { grouped } from "../values/summary.js";

export class FeedState {
  #root;
  #slots; // looked up once: behind hundreds of rows, each is a long way to find

  constructor(root) {
    this.#root = root;
    this.#slots = slots(root, "resume older discarded sampling clear export tools none-found found".split(" "));
  }

  /**
   * `isPaused`, `isEmpty`, `isNarrowed`, `hasRows`, `hasOlder`; `step`: one in so many is shown; numbers of events:
   * `waiting` to be shown, `passing` what narrows the feed, `kept`, `discarded`, and the `capacity` that discards.
   */
  show({ isPaused, isEmpty, isNarrowed, hasRows, hasOlder, step, waiting, passing, kept, discarded, capacity }) {
    const { resume, older, sampling, clear, tools, found } = this.#slots;
    this.#root.dataset.paused = String(isPaused);
    resume.hidden = !(isPaused && waiting);
    older.hidden = !hasOlder;
    this.#slots.discarded.hidden = !discarded;
    sampling.hidden = step === 1;
    clear.disabled = this.#slots.export.disabled = isEmpty;
    tools.hidden = isEmpty;
    this.#slots["none-found"].hidden = !isNarrowed || hasRows || isEmpty;
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
