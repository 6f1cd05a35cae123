/** The left side of the page: the views with their cards, which of them is selected, and what is done with them. */
import { byId } from "../shared/dom.js";
import { Toast } from "../status/toast.js";
import { summaryLine } from "../values/summary.js";
import { Attention } from "./attention.js";
import { matches } from "../values/predicate.js";
import { Cards, namesOf } from "./cards.js";
import { showMarks } from "./marks.js";
import { SharedViews } from "./shared_views.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Sparklines } from "./sparklines.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Entry } from "./entry.js" */
/** @import { MyViews } from "./my_views.js" */

const SPARKLINES_AFTER = 1_000; // ms; what people came for is loaded first

/**
 * @typedef {object} Callbacks
 * @property {() => Catalog} catalog
 * @property {(entry: Entry) => void} onEdit
 * @property {(asked: Asked) => void} onCode
 * @property {(asked: Asked) => void} onTry
 * @property {(asked: Asked) => void} onWhy
 * @property {(text: string) => void} onDone
 * @property {(text: string) => void} onProblem nothing, where there is none
 * @property {() => void} onSelected another view is selected, or muted
 */

export class Watching {
  /** @type {Entry | null} */
  selected = null;

  #views;
  #callbacks;
  #cards;
  #shared;
  #attention;
  #toast = new Toast(byId("toast"));
  /** @type {Sparklines | undefined} */
  #sparklines;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor(/** @type {MyViews} */ views, /** @type {Callbacks} */ callbacks) {
    this.#views = views;
    this.#callbacks = callbacks;
    this.#attention = new Attention({
      name: (entry) => namesOf(entry, callbacks.catalog()),
      line: (event) => summaryLine(callbacks.catalog().type(event.type), event),
    });
    this.#cards = new Cards(byId("cards"), {
      onSelect: (entry) => this.select(entry === this.selected ? null : entry),
      onEdit: callbacks.onEdit,
      onCode: callbacks.onCode,
      onTry: callbacks.onTry,
      onWhy: callbacks.onWhy,
      onUnsubscribe: (entry) => this.#end(entry),
      onPause: (entry) => views.pause(entry),
      onMute: async (entry) => {
        await views.mute(entry);
        callbacks.onSelected();
      },
      onAlert: async (entry, alert, isOn) => {
        views.setAlert(entry, alert, isOn);
        if (isOn) callbacks.onProblem(await this.#attention.prepare(alert));
      },
      onDuplicate: (entry) => entry.view && views.duplicate(entry.view),
      onChange: (entry, changes) => views.alter(entry, changes),
    });
    this.#shared = new SharedViews(byId("shared"), {
      onWatch: (view) => this.select(views.watch(view)),
      onDuplicate: (view) => views.duplicate(view),
    });
  }

  /** The id of the view that the address names; null for none. */
  get id() {
    return this.selected?.view?.id ?? null;
  }

  /** What is asked for by the views that are shown. */
  get asks() {
    if (this.selected) return [this.selected.asked];
    return this.#views.entries.filter((each) => each.subscription && !each.isMuted).map(({ asked }) => asked);
  }

  update(/** @type {Asked | null} */ edited) {
    const { entries, groups, shared } = this.#views;
    if (this.selected && !entries.includes(this.selected)) this.select(null);
    const catalog = this.#callbacks.catalog();
    this.#cards.update({ entries, groups, catalog, edited, selected: this.selected });
    this.#shared.update(
      shared.filter(({ id }) => !this.#views.ofId(id)),
      catalog,
    );
    this.#sparklines?.update();
    if (entries.length) this.#timer ??= setTimeout(() => this.#loadSparklines(), SPARKLINES_AFTER);
  }

  async #loadSparklines() {
    const loaded = await import("./sparklines.js").catch(() => null);
    if (loaded) this.#sparklines = new loaded.Sparklines(byId("cards"));
    else this.#timer = undefined; // the cards do without, until something changes
    this.#sparklines?.update();
  }

  /** Selects the view of that id; returns whether there is one. */
  open(/** @type {string | null} */ id) {
    const entry = this.#views.ofId(id);
    if (entry) this.select(entry);
    return entry !== null;
  }

  select(/** @type {Entry | null} */ entry) {
    this.selected = entry;
    this.#callbacks.onSelected();
  }

  count(/** @type {Received} */ event) {
    for (const entry of this.#views.entries) {
      if (!this.#matches(entry, event)) continue;
      this.#cards.counted(entry);
      this.#attention.eventArrived(entry, event);
    }
  }

  showCounts() {
    this.#cards.showCounts();
  }

  /** Shows on a row which views ask for its event. */
  mark(/** @type {HTMLElement} */ row, /** @type {Received} */ event) {
    showMarks(row, event, this.#views.entries, this.#callbacks.catalog());
  }

  /** An edit has ended. */
  edited(/** @type {Entry | null} */ entry) {
    this.update(null);
    if (entry) this.#cards.focus(entry);
  }

  /** Whether anything keeps events from being shown. */
  get isNarrowed() {
    return this.selected !== null || this.#views.entries.some(({ isMuted }) => isMuted);
  }

  /** Whether an event is of the selected view; without one, of a view that is not muted. */
  shows(/** @type {Received} */ event) {
    if (this.selected) return this.#matches(this.selected, event);
    const of = this.#views.entries.filter((entry) => this.#matches(entry, event));
    return !of.length || of.some(({ isMuted }) => !isMuted);
  }

  #matches(/** @type {Entry} */ entry, /** @type {Received} */ event) {
    return matches(this.#callbacks.catalog(), entry, event);
  }

  async #end(/** @type {Entry} */ entry) {
    const names = namesOf(entry, this.#callbacks.catalog());
    const done = `${entry.isShared ? "You watch it no more:" : "Unsubscribed from"} ${names}.`;
    this.#callbacks.onDone(done);
    const ended = this.#views.end(entry);
    this.#toast.show(done, async () => (await ended)());
  }
}
