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
import { Rows } from "./rows.js";
import { Sampling } from "./sampling.js";
import { Shown } from "./shown.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Scalar } from "../values/exact.js" */
/** @import { Received } from "../values/received.js" */
/** @import { OnTake } from "./chips.js" */
/** @import { Item } from "./memory.js" */
/** @import { Older } from "./older.js" */

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
  #shown;
  #chips;
  #sampling = new Sampling();
  #drawing;
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
    this.#shown = new Shown(this.#rows, this.#memory, this.#sampling);
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
    setInterval(() => this.#shown.step > 1 && this.#drawing.ask(), SAMPLING_ENDS_WITHIN);
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
    if (this.#memory.add(item)) this.#shown.arrived();
    this.#drawing.ask();
  }

  get #isPaused() {
    return this.#pausedByHand || this.#rows.isRead;
  }

  #draw() {
    if (!this.#isPaused) this.#shown.showNew();
    this.#showState();
    this.#callbacks.onDraw();
  }

  #showState() {
    const { isEmpty, narrowing, passing, kept, discarded } = this.#memory;
    const { hasOlder, step, waiting } = this.#shown;
    this.#state.show({
      isPaused: this.#isPaused,
      isEmpty,
      isNarrowed: narrowing.isActive,
      hasRows: this.#rows.length > 0,
      hasOlder,
      step,
      waiting,
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
    this.#shown.showNewest();
    this.#setPaused(false);
    slot(this.#root, "pause").focus();
  }

  #older() {
    if (!this.#shown.isKnown) {
      this.#shown.showNewest();
      this.#draw();
      return;
    }
    this.#setPaused(this.#shown.showOlder() || this.#pausedByHand);
  }

  #clear() {
    this.#shown.clear();
    this.#chips.update();
    this.#draw();
  }

  #narrow() {
    this.#memory.narrow();
    this.#shown.showNewest();
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
