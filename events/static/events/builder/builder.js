/** Where a subscription is put together, or changed: tabs, event types to tick, their filters, and the button. */
import { clone, keyed, slot, write } from "../shared/dom.js";
import { Drawer } from "./drawer.js";
import { FilterList } from "./filter_list.js";
import { MOST_OFFERED } from "./filters.js";
import { listenTo, readTicks, showPanel } from "./panel.js";
import { Preview } from "./preview.js";
import { divided, refusal } from "./room.js";
import { count } from "../values/summary.js";
import { Tabs } from "./tabs.js";

/** @import { Asked, EventType } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Places } from "../shared/page_data.js" */
/** @import { Entry } from "../views/entry.js" */
/** @import { Selection } from "./selection.js" */

/**
 * @typedef {object} Callbacks `except` is a view that does not count
 * @property {Places} places
 * @property {() => void} onChange after each change of the selection
 * @property {(parts: Asked[]) => void} onSubscribe several where one may not ask for so much
 * @property {(entry: Entry, asked: Asked) => void} onSave
 * @property {(entry: Entry | null) => void} onEdited when an edit has ended
 * @property {(asked: Asked) => void} onCode
 * @property {(except: Entry | null) => Asked[]} others
 * @property {(asked: Asked, except: Entry | null) => boolean} isMade
 */

export class Builder {
  #root;
  #catalog;
  #selection;
  #callbacks;
  #tabs;
  #preview;
  #drawer;
  #filters;
  /** @type {Entry | null} */
  #edited = null; // the view that is being changed
  #before = ""; // the selection from before that, as a query
  #submittedIn = 0; // opening of the drawer

  constructor(
    /** @type {HTMLElement} */ root,
    /** @type {Catalog} */ catalog,
    /** @type {Selection} */ selection,
    /** @type {Callbacks} */ callbacks,
  ) {
    this.#root = root;
    this.#catalog = catalog;
    this.#selection = selection;
    this.#callbacks = callbacks;
    readTicks(slot(root, "panels"), (id, on) => selection.tick(id, on));
    this.#preview = new Preview(slot(root, "preview"));
    this.#drawer = new Drawer(root, selection.ticked.size > 0);
    this.#filters = new FilterList(root, selection, {
      places: callbacks.places,
      onChoose: (name, values) => this.#change(() => selection.choose(name, values)),
    });
    this.#tabs = new Tabs(slot(root, "tabs"), { onSelect: (id) => this.#change(() => (selection.tab = id)) });
    listenTo(slot(root, "panels"), (id, on) => this.#change(() => selection.tick(id, on)));
    slot(root, "reset").addEventListener("click", () => this.#change(() => selection.clear()));
    slot(root, "cancel").addEventListener("click", () => this.stopEditing());
    slot(root, "code").addEventListener("click", () => callbacks.onCode(selection.subscription(this.#catalog)));
    slot(root, "form").addEventListener("submit", (event) => this.#submitted(event));
    this.update(catalog);
  }

  get category() {
    return this.#catalog.categories.find(({ id }) => id === this.#selection.tab) ?? this.#catalog.categories[0];
  }

  get edited() {
    return this.#edited;
  }

  /** Shows what a subscription asks for, to be changed. What was half chosen comes back afterwards. */
  edit(/** @type {Entry} */ entry) {
    if (!this.#edited) this.#before = this.#selection.query();
    this.#edited = entry;
    this.#drawer.open();
    this.#change(() => this.#selection.take(entry, this.#catalog));
    slot(this.#root, "title").focus();
  }

  /** Chooses this, to be subscribed to or changed. */
  prefill(/** @type {Asked} */ asked) {
    this.#drawer.open();
    this.#change(() => this.#selection.take(asked, this.#catalog));
    slot(this.#root, "title").focus();
  }

  stopEditing() {
    const edited = this.#edited;
    this.#edited = null;
    this.#change(() => this.#selection.read(this.#before));
    if (!this.#selection.ticked.size) this.#drawer.close(); // else something was half chosen before
    this.#callbacks.onEdited(edited);
  }

  /** What was chosen is subscribed to: the next subscription begins with nothing, unless it is begun already. */
  made() {
    if (this.#edited || !this.#isMade) return;
    this.#change(() => this.#selection.clear());
    if (this.#drawer.openings === this.#submittedIn) this.#drawer.close();
  }

  update(catalog = this.#catalog) {
    this.#drawer.update(this.#callbacks.others(null).length > 0);
    this.#catalog = catalog;
    const selected = this.category?.id;
    this.#tabs.update(catalog.categories, selected, ({ events }) => this.#ticked(events).length);
    keyed(slot(this.#root, "panels"), catalog.categories, {
      key: ({ id }) => id,
      create: () => clone("panel-template"),
      update: (panel, category) => showPanel(panel, category, category.id === selected, this.#selection.ticked),
    });
    slot(this.#root, "nothing").hidden = catalog.categories.length > 0;
    this.#showFilters();
    this.#showButton();
    const parts = this.#parts;
    this.#preview.show(parts.length > 1 ? { eventTypes: [], filters: {} } : this.#selection.subscription(catalog));
  }

  /** Says what was wrong with the last attempt, or (with nothing) that there is nothing wrong. */
  complain(text = "") {
    write(this.#root, { problem: text });
  }

  #change(/** @type {() => void} */ change) {
    change();
    this.complain();
    this.update();
    this.#callbacks.onChange();
  }

  #ticked(/** @type {EventType[]} */ events) {
    return events.filter(({ id }) => this.#selection.ticked.has(id));
  }

  #showFilters() {
    const ticked = this.#selection.types(this.#catalog);
    const types = ticked.length ? ticked : (this.category?.events.map(({ id }) => id) ?? []);
    const filters = this.#catalog.filters(types).slice(0, ticked.length ? undefined : MOST_OFFERED);
    this.#filters.update(filters, types, this.#catalog);
  }

  #showButton() {
    const types = this.#selection.types(this.#catalog);
    const parts = this.#parts;
    const made = types.length > 0 && this.#isMade;
    const problem = types.length > 0 && !made ? this.#refusal : "";
    const most = this.#catalog.limits.event_types_per_subscription;
    const several = `One subscription can ask for at most ${most} event types, so this makes ${parts.length}.`;
    const button = slot(this.#root, "subscribe", HTMLButtonElement);
    button.disabled = types.length === 0 || made || problem !== "";
    write(this.#root, { limit: problem || (parts.length > 1 && !made ? several : "") });
    button.textContent = this.#buttonText(types.length, made);
    slot(this.#root, "title").textContent = this.#edited ? "Change subscription" : "Subscribe";
    slot(this.#root, "reset").hidden = types.length === 0 || this.#edited !== null;
    slot(this.#root, "cancel").hidden = this.#edited === null;
    slot(this.#root, "code").hidden = types.length === 0 || parts.length > 1;
  }

  #buttonText(/** @type {number} */ types, /** @type {boolean} */ made) {
    if (!types) return `Tick event types to ${this.#edited ? "save" : "subscribe"}`;
    if (made) return "Subscribed to this";
    return this.#edited ? "Save changes" : `Subscribe to ${count(types, "type")}`;
  }

  /** What is chosen, as the subscriptions that it takes. */
  get #parts() {
    return divided(this.#selection.subscription(this.#catalog), this.#catalog);
  }

  get #isMade() {
    return this.#parts.every((asked) => this.#callbacks.isMade(asked, this.#edited));
  }

  /** An edit keeps one subscription one. */
  get #refusal() {
    const asked = this.#edited ? [this.#selection.subscription(this.#catalog)] : this.#parts;
    return refusal(asked, this.#callbacks.others(this.#edited), this.#catalog);
  }

  #submitted(/** @type {Event} */ event) {
    event.preventDefault();
    const asked = this.#selection.subscription(this.#catalog);
    const { onSave, onSubscribe } = this.#callbacks;
    if (!asked.eventTypes.length || this.#isMade || this.#refusal) return;
    this.#submittedIn = this.#drawer.openings;
    if (this.#edited) onSave(this.#edited, asked);
    else onSubscribe(this.#parts);
  }
}
