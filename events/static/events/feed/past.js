/** Events loaded from the log, older than all that came live; and the button that loads them. */
import { ApiProblem } from "../shared/api.js";
import { slot, write } from "../shared/dom.js";
import { idOf, numberOf } from "./older.js";
import { legible } from "../values/legible.js";
import { clockTime, grouped } from "../values/summary.js";

/** @import { Received } from "../values/received.js" */
/** @import { Pair } from "./memory.js" */
/** @import { Older } from "./older.js" */

const AT_A_TIME = 200; // events
const AT_FIRST = 50; // events that are there at once
const MOST = 10_000; // events in memory

/**
 * @typedef {object} Callbacks
 * @property {() => Older | null} begin null while nothing is subscribed
 * @property {() => string | null} oldestId of what came live
 * @property {(isAskedFor: boolean) => void} onLoaded there may be more items; whether somebody asked for them
 */

export class Past {
  /** @type {Received[]} */
  items = []; // newest first; their numbers go on downwards from 0

  #root;
  #callbacks;
  /** @type {Older | null} */
  #older = null;
  #isLoading = false;
  #said = "";

  constructor(/** @type {HTMLElement} */ root, /** @type {Callbacks} */ callbacks) {
    this.#root = root;
    this.#callbacks = callbacks;
    slot(root, "load").addEventListener("click", () => this.#load(AT_A_TIME, true));
  }

  /** The number of the oldest; 1 when there is none. */
  get last() {
    return 1 - this.items.length;
  }

  /** @returns {Generator<Pair>} */
  *backwards(/** @type {number} */ from) {
    for (let at = Math.max(0, -from); at < this.items.length; at += 1) yield [-at, this.items[at]];
  }

  clear() {
    this.items = [];
    this.#older = null;
    this.#isLoading = false;
    this.#said = "";
  }

  /** Begins anew with the newest, so that nothing is empty while the log has something. */
  fill() {
    this.clear();
    return this.#load(AT_FIRST, false);
  }

  /** `isNext`: the rows have come to the end of what there is. */
  show(/** @type {boolean} */ isNext) {
    const isOver = this.#older?.isDone || this.items.length >= MOST;
    const load = slot(this.#root, "load", HTMLButtonElement);
    load.hidden = isOver || !isNext;
    load.disabled = this.#isLoading;
    write(this.#root, {
      load: this.#isLoading ? "Loading…" : "Load older from the log",
      said: isNext ? this.#said : "",
    });
  }

  async #load(/** @type {number} */ most, /** @type {boolean} */ isAskedFor) {
    this.#older ??= this.#callbacks.begin();
    const older = this.#older;
    if (!older) return;
    this.#isLoading = true;
    this.show(true);
    /** @type {Received[] | null} */
    let found = null;
    let problem = "";
    try {
      found = await older.next(most);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      problem = legible(error.message);
    } finally {
      if (older === this.#older) this.#isLoading = false;
    }
    if (older !== this.#older) return; // something else is asked for meanwhile
    if (found) this.#loaded(found, older);
    else this.#said = problem;
    this.#callbacks.onLoaded(isAskedFor);
  }

  #loaded(/** @type {Received[]} */ found, /** @type {Older} */ { isDone, lookedBackTo }) {
    // What has come live meanwhile stands above.
    const before = this.#callbacks.oldestId();
    this.items.push(...found.filter((event) => before === null || numberOf(idOf(event)) < numberOf(before)));
    this.#said = "";
    if (lookedBackTo) this.#said = `Looked back to ${clockTime(new Date(lookedBackTo))}; there may be more.`;
    if (isDone) this.#said = "The log has nothing older of this.";
    if (this.items.length >= MOST) this.#said = `${grouped(MOST)} were loaded. Choose a time to see older ones.`;
  }
}
