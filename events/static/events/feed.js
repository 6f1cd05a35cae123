/** The live feed: newest first, a bounded number of rows, more in memory, and no jump under a reader's eyes. */
import { Buffer } from "./buffer.js";
import { Chips } from "./chips.js";
import { slot, write } from "./dom.js";
import { fillDetail } from "./detail.js";
import { Narrowing } from "./narrowing.js";
import { download, lines } from "./ndjson.js";
import { Past } from "./past.js";
import { rowOf } from "./row.js";
import { MOST_ROWS, Rows } from "./rows.js";
import { Sampling } from "./sampling.js";
import { grouped } from "./summary.js";

const KEPT = 10_000; // items in memory
const OLDER_BY = 400; // rows; a part of the old window stays, to read on from
const SAMPLING_ENDS_WITHIN = 1_000; // ms; looked at also when nothing comes any more

export class Feed {
  #root;
  #catalog;
  #callbacks;
  #rows;
  #past;
  #buffer = new Buffer(KEPT);
  #narrowing = new Narrowing();
  #chips;
  #sampling = new Sampling();
  #top = 0; // number of the newest item that the rows have come to
  #waiting = 0; // newer items that are to be shown
  #passing = 0; // items of the buffer that are to be shown
  #step = 1; // of the rows that are there: one in so many
  #pausedByHand = false;
  #scheduled = false;

  /** `onDraw()`; `mayEmit(event)`; `onWhy(event)`; `loadOlder(id)` gives an Older than that event, or
   * null; `onTake(types, values)`. */
  constructor(root, catalog, callbacks) {
    this.#root = root;
    this.#catalog = catalog;
    this.#callbacks = callbacks;
    this.#rows = new Rows(slot(root, "list"), {
      create: (item) => rowOf(item, this.#catalog),
      onOpen: (row, item) => this.#opened(row, item),
      onReading: () => this.#schedule(),
    });
    this.#past = new Past(slot(root, "past"), {
      begin: () => callbacks.loadOlder(this.#oldestId),
      onLoaded: () => this.#older(),
    });
    this.#chips = new Chips(slot(root, "narrowing"), this.#narrowing, {
      onChange: () => this.#narrow(),
      onTake: callbacks.onTake,
    });
    const on = (name, act) => slot(root, name).addEventListener("click", act);
    on("pause", () => this.#setPaused(!this.#pausedByHand));
    on("resume", () => this.#resume());
    on("clear", () => this.#clear());
    on("older", () => this.#older());
    on("export", () => this.#export());
    setInterval(() => this.#step > 1 && this.#schedule(), SAMPLING_ENDS_WITHIN);
  }

  get isEmpty() {
    return this.#buffer.length === 0 && this.#past.items.length === 0;
  }

  update(catalog) {
    this.#catalog = catalog;
  }

  /** What may be loaded from the log is another thing now. */
  forgetPast() {
    this.#past.clear();
    this.#schedule();
  }

  /** An event as the client gives it, or `{remark}`. */
  add(item) {
    const gone = this.#buffer.add(item);
    if (gone && this.#past.items.length) this.#past.clear(); // or there would be a gap between memory and log
    if (gone && this.#passes(gone)) this.#passing -= 1;
    this.#sampling.arrived();
    if (this.#passes(item)) {
      this.#passing += 1;
      this.#waiting = Math.min(this.#waiting + 1, KEPT);
    }
    this.#schedule();
  }

  get #isPaused() {
    return this.#pausedByHand || this.#rows.isRead;
  }

  #passes(item) {
    return this.#narrowing.passes(item, this.#catalog);
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
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
      const isShown = ([number, item]) => (step === 1 || number % step === 0 || "remark" in item) && this.#passes(item);
      const fresh = [];
      for (const pair of this.#buffer.backwards()) {
        if (pair[0] <= this.#top || fresh.length === MOST_ROWS) break;
        if (isShown(pair)) fresh.push(pair);
      }
      this.#rows.prepend(fresh, this.#sampling.isCalm);
    }
    this.#step = step;
    this.#seen();
  }

  #seen() {
    this.#top = this.#buffer.added;
    this.#waiting = 0;
  }

  #showNewest() {
    this.#rows.replace(this.#from(this.#buffer.added));
    this.#step = 1;
    this.#seen();
  }

  /** Up to MOST_ROWS [number, item] pairs that are to be shown, from a number on backwards, through memory and log. */
  #from(number) {
    const found = [];
    for (const pairs of [this.#buffer.backwards(number), this.#past.backwards(number)]) {
      for (const pair of pairs) {
        if (found.length === MOST_ROWS) return found;
        if (this.#passes(pair[1])) found.push(pair);
      }
    }
    return found;
  }

  get #oldestId() {
    for (let number = this.#buffer.first; number <= this.#buffer.added; number += 1) {
      const { id } = this.#buffer.at(number);
      if (id) return id;
    }
    return null;
  }

  #hasOlder() {
    const { last } = this.#rows;
    return last !== undefined && (last > this.#buffer.first || last > this.#past.last);
  }

  #showState() {
    const paused = this.#isPaused;
    const hasOlder = this.#hasOlder();
    const { discarded, length } = this.#buffer;
    const narrowed = this.#narrowing.isActive;
    slot(this.#root, "resume").hidden = !(paused && this.#waiting);
    slot(this.#root, "older").hidden = !hasOlder;
    slot(this.#root, "discarded").hidden = !discarded;
    slot(this.#root, "sampling").hidden = this.#step === 1;
    slot(this.#root, "clear").disabled = slot(this.#root, "export").disabled = this.isEmpty;
    slot(this.#root, "tools").hidden = this.isEmpty;
    slot(this.#root, "none-found").hidden = !narrowed || this.#rows.length > 0 || this.isEmpty;
    write(this.#root, {
      resume: `${grouped(this.#waiting)} new · resume`,
      export: narrowed ? "Export these" : "Export",
      found: narrowed ? `${grouped(this.#passing)} of ${grouped(length)} kept` : "",
      sampling: `Too many to read: showing 1 of ${this.#step}. All are kept for search, export and “Show older”.`,
      discarded:
        `The newest ${grouped(KEPT)} are kept; ${grouped(discarded)} older ones were discarded. ` +
        "A narrower filter keeps more of what matters.",
    });
    this.#root.dataset.paused = String(paused);
    this.#past.show(!hasOlder && this.#callbacks.hasSubscriptions());
  }

  #setPaused(paused) {
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
    const isKnown = last === undefined || last >= Math.min(this.#buffer.first, this.#past.last);
    if (!isKnown) {
      this.#showNewest(); // the rows had come from the log, and memory has moved on since
      this.#draw();
      return;
    }
    const older = this.#from(last === undefined ? this.#top : last - 1).slice(0, OLDER_BY);
    const isTooMuch = length + older.length > MOST_ROWS;
    if (isTooMuch) this.#rows.replace(this.#from(this.#rows.number(length + older.length - MOST_ROWS)));
    else this.#rows.append(older);
    this.#setPaused(isTooMuch || this.#pausedByHand);
  }

  /** While paused, what came meanwhile has not been seen, so it stays. */
  #clear() {
    this.#buffer.clear(this.#top);
    this.#past.clear();
    this.#narrowing.clear();
    this.#chips.update();
    this.#passing = this.#waiting = this.#buffer.length;
    this.#rows.replace([]);
    this.#draw();
  }

  #narrow() {
    this.#passing = [...this.#buffer.backwards()].filter(([, item]) => this.#passes(item)).length;
    this.#showNewest();
    this.#draw();
  }

  #export() {
    const kept = [...this.#past.items].reverse();
    for (const [, item] of [...this.#buffer.backwards()].reverse()) kept.push(item);
    const events = kept.filter((item) => !("remark" in item) && this.#passes(item));
    download(`eventhub-${new Date().toISOString().replaceAll(":", "-")}.ndjson`, lines(events));
  }

  #opened(row, event) {
    const { mayEmit, onWhy } = this.#callbacks;
    const onValue = (member, value) => this.#chips.add(member, value, event.type);
    fillDetail(slot(row, "detail"), event, { catalog: this.#catalog, mayEmit, onWhy, onValue });
  }
}

