/** The live feed: newest first, a bounded number of rows, more in memory, and no jump under a reader's eyes. */
import { report } from "../client/apart.js";
import { Chips } from "./chips.js";
import { slot, write } from "../shared/dom.js";
import { fillDetail } from "./detail.js";
import { Drawing } from "../shared/drawing.js";
import { FeedState } from "./feed_state.js";
import { legibleJson } from "../values/legible.js";
import { KEPT, Memory } from "./memory.js";
import { download, lines } from "../values/ndjson.js";
import { Past } from "./past.js";
import { rowOf } from "./row.js";
import { MOST_ROWS, Rows } from "./rows.js";
import { Sampling } from "./sampling.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Scalar } from "../values/exact.js" */
/** @import { Received } from "../values/received.js" */
/** @import { OnTake } from "./chips.js" */
/** @import { Item } from "./memory.js" */
/** @import { Older } from "./older.js" */

const OLDER_BY = 400; // rows; a part of the old window stays, to read on from
const SAMPLING_ENDS_WITHIN = 1_000; // ms; looked at also when nothing comes any more

/**
 * @typedef {object} Callbacks
 * @property {() => void} onDraw
 * @property {(isDrawn: boolean) => void} onDrawn whether that went well
 * @property {(event: Received) => boolean} mayEmit
 * @property {(event: Received) => void} onWhy
 * @property {OnTake} onTake
 * @property {(id: string | null) => Older | null} loadOlder gives what is older than that event
 * @property {() => boolean} hasSubscriptions
 */

export class Feed {
  #root;
  #catalog;
  #callbacks;
  #state;
  #rows;
  #past;
  #memory;
  #chips;
  #sampling = new Sampling();
  #drawing;
  #top = 0; // number of the newest item that the rows have come to
  #waiting = 0; // newer items that are to be shown
  #step = 1; // of the rows that are there: one in so many
  #pausedByHand = false;

  constructor(/** @type {HTMLElement} */ root, /** @type {Catalog} */ catalog, /** @type {Callbacks} */ callbacks) {
    this.#root = root;
    this.#catalog = catalog;
    this.#callbacks = callbacks;
    this.#state = new FeedState(root);
    this.#drawing = new Drawing(
      () => this.#draw(),
      () => this.#sampling.isCalm,
      callbacks.onDrawn,
    );
    this.#rows = new Rows(slot(root, "list"), {
      create: (item) => rowOf(item, this.#catalog),
      onOpen: (row, event) => this.#opened(row, event),
      onReading: () => this.#drawing.ask(),
    });
    this.#past = new Past(slot(root, "past"), {
      begin: () => callbacks.loadOlder(this.#memory.oldestId),
      onLoaded: () => this.#older(),
    });
    this.#memory = new Memory(catalog, this.#past);
    this.#chips = new Chips(slot(root, "narrowing"), this.#memory.narrowing, {
      onChange: () => this.#narrow(),
      onTake: callbacks.onTake,
    });
    const on = (/** @type {string} */ name, /** @type {() => void} */ act) =>
      slot(root, name).addEventListener("click", act);
    on("pause", () => this.#setPaused(!this.#pausedByHand));
    on("resume", () => this.#resume());
    on("clear", () => this.#clear());
    on("older", () => this.#older());
    on("export", () => this.#export());
    setInterval(() => this.#step > 1 && this.#drawing.ask(), SAMPLING_ENDS_WITHIN);
  }

  get isEmpty() {
    return this.#memory.isEmpty;
  }

  update(/** @type {Catalog} */ catalog) {
    this.#catalog = catalog;
    this.#memory.update(catalog);
  }

  /** What may be loaded from the log is another thing now. */
  forgetPast() {
    this.#past.clear();
    this.#drawing.ask();
  }

  add(/** @type {Item} */ item) {
    this.#sampling.arrived();
    if (this.#memory.add(item)) this.#waiting = Math.min(this.#waiting + 1, KEPT);
    this.#drawing.ask();
  }

  get #isPaused() {
    return this.#pausedByHand || this.#rows.isRead;
  }

  #draw() {
    if (!this.#isPaused) this.#showNew();
    this.#showState();
    this.#callbacks.onDraw();
  }

  #showNew() {
    const step = this.#sampling.step;
    if (this.#step > 1 && step === 1) {
      this.#showNewest(); // what the samples left out
    } else if (this.#waiting) {
      const fresh = this.#memory.after(this.#top, step, MOST_ROWS);
      this.#rows.prepend(fresh, this.#sampling.isCalm);
    }
    this.#step = step;
    this.#seen();
  }

  #seen() {
    this.#top = this.#memory.added;
    this.#waiting = 0;
  }

  #showNewest() {
    this.#rows.replace(this.#memory.from(this.#memory.added, MOST_ROWS));
    this.#step = 1;
    this.#seen();
  }

  #showState() {
    const { last, length } = this.#rows;
    const { isEmpty, narrowing, passing, kept, discarded, oldest } = this.#memory;
    const hasOlder = last !== undefined && last > oldest;
    this.#state.show({
      isPaused: this.#isPaused,
      isEmpty,
      isNarrowed: narrowing.isActive,
      hasRows: length > 0,
      hasOlder,
      step: this.#step,
      waiting: this.#waiting,
      passing,
      kept,
      discarded,
      capacity: KEPT,
    });
    this.#past.show(!hasOlder && this.#callbacks.hasSubscriptions());
  }

  #setPaused(/** @type {boolean} */ paused) {
    this.#pausedByHand = paused;
    slot(this.#root, "pause").setAttribute("aria-pressed", String(paused));
    this.#draw();
  }

  #resume() {
    this.#showNewest();
    this.#setPaused(false);
    slot(this.#root, "pause").focus();
  }

  #older() {
    const { last, length } = this.#rows;
    const isKnown = last === undefined || last >= this.#memory.oldest;
    if (!isKnown) {
      this.#showNewest(); // the rows had come from the log, and memory has moved on since
      this.#draw();
      return;
    }
    const older = this.#memory.from(last === undefined ? this.#top : last - 1, OLDER_BY);
    const isTooMuch = length + older.length > MOST_ROWS;
    if (isTooMuch) {
      const first = this.#rows.number(length + older.length - MOST_ROWS);
      this.#rows.replace(this.#memory.from(first, MOST_ROWS));
    } else {
      this.#rows.append(older);
    }
    this.#setPaused(isTooMuch || this.#pausedByHand);
  }

  /** While paused, what came meanwhile has not been seen, so it stays. */
  #clear() {
    this.#memory.clear(this.#top);
    this.#chips.update();
    this.#waiting = this.#memory.kept;
    this.#rows.replace([]);
    this.#draw();
  }

  #narrow() {
    this.#memory.narrow();
    this.#showNewest();
    this.#draw();
  }

  #export() {
    download(`eventhub-${new Date().toISOString().replaceAll(":", "-")}.ndjson`, lines(this.#memory.events()));
  }

  #opened(/** @type {HTMLElement} */ row, /** @type {Received} */ event) {
    const { mayEmit, onWhy } = this.#callbacks;
    const onValue = (/** @type {string} */ member, /** @type {Scalar} */ value) =>
      this.#chips.add(member, value, event.type);
    try {
      fillDetail(slot(row, "detail"), event, { catalog: this.#catalog, mayEmit, onWhy, onValue });
    } catch (error) {
      report(error);
      write(row, { type: "This cannot be shown", payload: legibleJson(event.text) });
    }
  }
}
