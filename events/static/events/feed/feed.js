/** The live feed: newest first, a bounded number of rows, more in memory, and no jump under a reader's eyes. */
import { Chips } from "../narrowing/chips.js";
import { slot } from "../shared/dom.js";
import { showDetail } from "../detail/detail.js";
import { Drawing } from "../shared/drawing.js";
import { FeedState } from "./feed_state.js";
import { listenToKeys } from "./keys.js";
import { Memory } from "./memory.js";
import { exportEvents } from "../values/ndjson.js";
import { Past } from "./past.js";
import { rowOf } from "./row.js";
import { Rows } from "./rows.js";
import { Sampling } from "./sampling.js";
import { ShownEvents } from "./shown_events.js";
import { TimeChoice } from "../narrowing/time_choice.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Received } from "../values/received.js" */
/** @import { OnTake } from "../narrowing/chips.js" */
/** @import { Item } from "./memory.js" */
/** @import { Range } from "../overview/overview.js" */
/** @import { Older } from "./older.js" */

const AT_FIRST = 50; // events of a new subscription
const SAMPLING_ENDS_WITHIN = 1_000; // ms; looked at also when nothing comes any more

/**
 * @typedef {object} Callbacks
 * @property {() => void} onDraw
 * @property {(isDrawn: boolean) => void} onDrawn whether that went well
 * @property {(event: Received) => boolean} mayEmit
 * @property {(event: Received) => void} onWhy
 * @property {(row: HTMLElement, event: Received) => void} mark shows which views it is of
 * @property {OnTake} onTake
 * @property {(id: string | null) => Older | null} loadOlder gives what is older than that event
 * @property {() => void} onNarrowed what narrows it is another thing now
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
  #time;
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
      create: (item, number) => rowOf(item, this.#catalog, number),
      mark: callbacks.mark,
      onOpen: (row, event) =>
        showDetail(slot(row, "detail"), event, { ...callbacks, catalog: this.#catalog, chips: this.#chips }),
      onReading: () => this.#drawing.ask(),
      typeOf: (type) => this.#catalog.type(type),
    });
    this.#past = new Past(slot(root, "past"), {
      begin: () => callbacks.loadOlder(this.#memory.oldestId),
      oldestId: () => this.#memory.oldestId,
      onLoaded: (isAskedFor) => (isAskedFor ? this.#older() : this.#fillUp()),
    });
    this.#memory = new Memory(catalog, this.#past);
    this.#shown = new ShownEvents(this.#rows, this.#memory, this.#sampling);
    this.#chips = new Chips(slot(root, "narrowing"), this.#memory.narrowing, {
      onChange: () => this.#narrowed(),
      onTake: callbacks.onTake,
    });
    this.#time = new TimeChoice(slot(root, "time-choice"), (range) => this.showTime(range));
    const acts = {
      pause: () => this.#setPaused(!this.#pausedByHand),
      resume: () => this.#resume(),
      clear: () => this.#clear(),
      older: () => this.#older(),
      export: () => exportEvents(this.#memory.events()),
    };
    for (const [name, act] of Object.entries(acts)) slot(root, name).addEventListener("click", act);
    listenToKeys(root, acts.pause);
    setInterval(() => this.#shown.step > 1 && this.#drawing.ask(), SAMPLING_ENDS_WITHIN);
  }

  get isEmpty() {
    const { since, until } = this.range;
    return this.#memory.isEmpty && since === undefined && until === undefined;
  }

  /** @returns {Range} the time that is shown */
  get range() {
    const { since, until } = this.#memory.narrowing;
    return { since, until };
  }

  /** Shows what happened in this time. */
  showTime(/** @type {Range} */ range) {
    Object.assign(this.#memory.narrowing, { since: undefined, until: undefined, ...range });
    this.#time.show(this.range);
    this.#narrowed();
    this.fill(null);
  }

  /** What narrows it, as an address has it. */
  readAddress(/** @type {URLSearchParams} */ parameters) {
    this.#memory.narrowing.read(parameters);
    this.#chips.update();
    this.#time.show(this.range);
  }

  writeAddress(/** @type {URLSearchParams} */ parameters) {
    this.#memory.narrowing.write(parameters);
  }

  update(/** @type {Catalog} */ catalog) {
    this.#catalog = catalog;
    this.#memory.update(catalog);
  }

  /** The views are others now. Shows only what is asked for by those that are shown; null: all that there is. */
  showOf(/** @type {((event: Received) => boolean) | null} */ isShown) {
    this.#rows.mark();
    const { narrowing } = this.#memory;
    if (!isShown && !narrowing.ofViews) return;
    narrowing.ofViews = isShown;
    this.#narrow();
  }

  /** Loads the newest from the log. `added`: gives those of a new subscription, which belong between what has come live. */
  async fill(/** @type {Older | null} */ added) {
    if (this.#callbacks.hasSubscriptions()) this.#past.fill();
    else this.#past.clear();
    this.#drawing.ask();
    if (!added || this.#memory.oldestId === null) return;
    const found = await added.next(AT_FIRST).catch(() => []); // an offer: “Load older” says what is wrong
    if (!this.#memory.insert(found)) return;
    this.#shown.showNewest();
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
    this.#state.show(
      { isPaused: this.#isPaused, isEmpty: this.isEmpty, rows: this.#rows.length },
      this.#memory,
      this.#shown,
    );
    this.#past.show(!this.#shown.hasOlder && this.#callbacks.hasSubscriptions());
  }

  #setPaused(/** @type {boolean} */ paused) {
    this.#pausedByHand = paused;
    slot(this.#root, "pause").textContent = paused ? "Resume" : "Pause";
    this.#draw();
  }

  #resume() {
    this.#shown.showNewest();
    this.#setPaused(false);
    slot(this.#root, "pause").focus();
  }

  #older() {
    if (this.#shown.isKnown) this.#setPaused(this.#shown.showOlder() || this.#pausedByHand);
    else this.#fillUp();
  }

  /** What nobody asked for takes no row from what came live, and pauses nothing. */
  #fillUp() {
    this.#shown.fillUp();
    this.#draw();
  }

  #clear() {
    this.#shown.clear();
    this.#chips.update();
    this.#draw();
    this.#callbacks.onNarrowed();
  }

  #narrowed() {
    this.#narrow();
    this.#callbacks.onNarrowed();
  }

  #narrow() {
    this.#memory.narrow();
    this.#shown.showNewest();
    this.#draw();
  }
}
