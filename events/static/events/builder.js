/** Where a subscription is put together, or changed: tabs, event types to tick, their filters, and the button. */
import { clone, keyed, slot, write } from "./dom.js";
import { control } from "./filters.js";
import { Preview } from "./preview.js";
import { count } from "./summary.js";
import { Tabs } from "./tabs.js";

export class Builder {
  #root;
  #catalog;
  #selection;
  #callbacks;
  #tabs;
  #preview;
  #controls = new Map(); // filter name and type → control
  #edited = null; // the subscription that is being changed
  #before = ""; // the selection from before that, as a query

  /**
   * `onChange()` after each change of the selection; `onSubscribe(asked)`; `onSave(subscription, asked)`;
   * `onEdited(subscription)` when an edit has ended; `onCode(asked)`; `isMade(asked, except)`, with the subscription that
   * does not count. `places`: where options are added.
   */
  constructor(root, catalog, selection, callbacks) {
    this.#root = root;
    this.#catalog = catalog;
    this.#selection = selection;
    this.#callbacks = callbacks;
    this.#preview = new Preview(slot(root, "preview"));
    this.#tabs = new Tabs(slot(root, "tabs"), { onSelect: (id) => this.#change(() => (selection.tab = id)) });
    slot(root, "panels").addEventListener("change", ({ target }) =>
      this.#change(() => selection.tick(target.value, target.checked)),
    );
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
  edit(subscription) {
    if (!this.#edited) this.#before = this.#selection.query();
    this.#edited = subscription;
    this.#change(() => this.#selection.take(subscription, this.#catalog));
    slot(this.#root, "title").focus();
  }

  /** Chooses this, to be subscribed to or changed. */
  prefill(asked) {
    this.#change(() => this.#selection.take(asked, this.#catalog));
    slot(this.#root, "title").focus();
  }

  stopEditing() {
    const edited = this.#edited;
    this.#edited = null;
    this.#change(() => this.#selection.read(this.#before));
    this.#callbacks.onEdited(edited);
  }

  update(catalog = this.#catalog) {
    this.#catalog = catalog;
    const selected = this.category?.id;
    this.#tabs.update(catalog.categories, selected, ({ events }) => this.#ticked(events).length);
    keyed(slot(this.#root, "panels"), catalog.categories, {
      key: ({ id }) => id,
      create: () => clone("panel-template"),
      update: (panel, category) => this.#showPanel(panel, category, category.id === selected),
    });
    slot(this.#root, "nothing").hidden = catalog.categories.length > 0;
    this.#showFilters();
    this.#showButton();
    this.#preview.show(this.#selection.subscription(catalog));
  }

  /** Says what was wrong with the last attempt, or (with nothing) that there is nothing wrong. */
  complain(text = "") {
    write(this.#root, { problem: text });
  }

  #change(change) {
    change();
    this.complain();
    this.update();
    this.#callbacks.onChange();
  }

  #ticked(events) {
    return events.filter(({ id }) => this.#selection.ticked.has(id));
  }

  #showPanel(panel, { id, events }, selected) {
    panel.id = `panel-${id}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `tab-${id}`);
    panel.hidden = !selected;
    keyed(slot(panel, "types"), events, {
      key: (type) => type.id,
      create: () => clone("type-template"),
      update: (row, type) => {
        const input = row.querySelector("input");
        input.value = type.id;
        input.checked = this.#selection.ticked.has(type.id);
        write(row, { icon: type.icon, label: type.label, description: type.description });
      },
    });
  }

  #showFilters() {
    const types = this.#selection.types(this.#catalog);
    const filters = this.#catalog.filters(types);
    const keyOf = ({ name, type, operator }) => `${name} ${type} ${operator}`;
    slot(this.#root, "filters-section").hidden = filters.length === 0;
    keyed(slot(this.#root, "filters"), filters, {
      key: keyOf,
      create: (filter) => this.#makeControl(keyOf(filter), filter),
      update: (_, filter) => {
        const chosen = this.#selection.values.get(filter.name) ?? [];
        this.#controls.get(keyOf(filter)).update(filter, chosen, this.#hint(filter, types));
      },
    });
  }

  #makeControl(key, filter) {
    const made = control(filter, (values) => this.#choose(filter.name, values), this.#callbacks.places);
    this.#controls.set(key, made);
    return made.element;
  }

  #choose(name, values) {
    this.#change(() => this.#selection.choose(name, values));
  }

  #hint({ binds }, types) {
    if (binds.length === types.length) return "";
    return `only for ${binds.map((id) => this.#catalog.label(id)).join(", ")}`;
  }

  #showButton() {
    const types = this.#selection.types(this.#catalog);
    const made = types.length > 0 && this.#isMade;
    const button = slot(this.#root, "subscribe");
    button.disabled = types.length === 0 || made;
    button.textContent = this.#buttonText(types.length, made);
    slot(this.#root, "title").textContent = this.#edited ? "Change subscription" : "Subscribe";
    slot(this.#root, "reset").hidden = types.length === 0 || this.#edited !== null;
    slot(this.#root, "cancel").hidden = this.#edited === null;
    slot(this.#root, "code").hidden = types.length === 0;
  }

  #buttonText(types, made) {
    if (!types) return `Tick event types to ${this.#edited ? "save" : "subscribe"}`;
    if (made) return "Subscribed to this";
    return this.#edited ? "Save changes" : `Subscribe to ${count(types, "type")}`;
  }

  get #isMade() {
    return this.#callbacks.isMade(this.#selection.subscription(this.#catalog), this.#edited);
  }

  #submitted(event) {
    event.preventDefault();
    const asked = this.#selection.subscription(this.#catalog);
    const { onSave, onSubscribe } = this.#callbacks;
    if (!asked.eventTypes.length || this.#isMade) return;
    if (this.#edited) onSave(this.#edited, asked);
    else onSubscribe(asked);
  }
}
