/** The rows of the log alone: what a search has found, newest first, and more of it on demand. */
import { Chips } from "../narrowing/chips.js";
import { Narrowing } from "../narrowing/narrowing.js";
import { TimeChoice } from "../narrowing/time_choice.js";
import { showDetail } from "../detail/detail.js";
import { slot } from "../shared/dom.js";
import { listenToKeys } from "./keys.js";
import { Memory } from "./memory.js";
import { Past } from "./past.js";
import { rowOf } from "./row.js";
import { Rows } from "./rows.js";
import { Sampling } from "./sampling.js";
import { ShownEvents } from "./shown_events.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Received } from "../values/received.js" */
/** @import { OnTake } from "../narrowing/chips.js" */
/** @import { Range } from "../overview/overview.js" */
/** @import { Older } from "./older.js" */

/**
 * @typedef {object} Callbacks
 * @property {() => Older} begin reads the log from its newest
 * @property {() => void} onNarrowed what narrows it is another thing now
 * @property {() => void} onLoaded the first rows of a search are there
 * @property {(event: Received) => boolean} mayEmit
 * @property {(event: Received) => void} onWhy
 * @property {(row: HTMLElement, event: Received) => void} mark shows which views it is of
 * @property {OnTake} onTake
 */

export class LogList {
  narrowing = new Narrowing(); // the server does it

  #root;
  #callbacks;
  #rows;
  #past;
  #memory;
  #shown;
  #chips;
  #time;
  #isBegun = false; // with the rows of this search

  constructor(/** @type {HTMLElement} */ root, /** @type {Catalog} */ catalog, /** @type {Callbacks} */ callbacks) {
    this.#root = root;
    this.#callbacks = callbacks;
    this.#rows = new Rows(slot(root, "list"), {
      create: (item, number) => rowOf(item, catalog, number - 1), // 0 is where “live” begins
      mark: callbacks.mark,
      onOpen: (row, event) => showDetail(slot(row, "detail"), event, { ...callbacks, catalog, chips: this.#chips }),
      onReading: () => {},
      typeOf: (type) => catalog.type(type),
    });
    this.#past = new Past(slot(root, "past"), {
      begin: callbacks.begin,
      oldestId: () => null,
      onLoaded: () => this.#loaded(),
    });
    this.#memory = new Memory(catalog, this.#past);
    this.#shown = new ShownEvents(this.#rows, this.#memory, new Sampling());
    this.#chips = new Chips(slot(root, "narrowing"), this.narrowing, {
      onChange: callbacks.onNarrowed,
      onTake: callbacks.onTake,
    });
    this.#time = new TimeChoice(slot(root, "time-choice"), (range) => this.showTime(range));
    slot(root, "older").addEventListener("click", () => this.#older());
    listenToKeys(root);
    for (const name of ["time-choice", "tools"]) slot(root, name).hidden = false;
  }

  /** @returns {Range} */
  get range() {
    const { since, until } = this.narrowing;
    return { since, until };
  }

  /** Shows what happened in this time. */
  showTime(/** @type {Range} */ range) {
    Object.assign(this.narrowing, { since: undefined, until: undefined, ...range });
    this.#time.show(this.range);
    this.#callbacks.onNarrowed();
  }

  /** Becomes what an address has. */
  readAddress(/** @type {URLSearchParams} */ parameters) {
    this.narrowing.read(parameters);
    this.update();
  }

  /** What narrows it was changed elsewhere. */
  update() {
    this.#chips.update();
    this.#time.show(this.range);
  }

  /** Opens the rows of these events. */
  open(/** @type {Set<string | undefined>} */ ids) {
    this.#rows.open(ids);
  }

  /** Searches anew; the rows that are there stay until there are others. */
  fill() {
    this.#isBegun = false;
    this.#past.fill();
  }

  #loaded() {
    if (this.#isBegun) {
      this.#older();
      return;
    }
    this.#isBegun = true;
    this.#shown.showNewest();
    this.#show();
    this.#callbacks.onLoaded();
  }

  #older() {
    this.#shown.showOlder();
    this.#show();
  }

  #show() {
    const { hasOlder } = this.#shown;
    slot(this.#root, "older").hidden = !hasOlder;
    slot(this.#root, "none-found").hidden = this.#rows.length > 0;
    this.#past.show(!hasOlder);
  }
}
