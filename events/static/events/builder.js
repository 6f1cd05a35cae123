/** Where a subscription is put together: tabs, event types to tick, their filters, and the button. */
import { clone, keyed, slot, write } from "./dom.js";
import { control } from "./filters.js";
import { count } from "./summary.js";
import { Tabs } from "./tabs.js";

export class Builder {
  #root;
  #catalog;
  #selection;
  #callbacks;
  #tabs;
  #controls = new Map(); // filter name and type → control

  /** `onChange()` after each change of the selection; `onSubscribe(subscription)`; `isMade(subscription)`. */
  constructor(root, catalog, selection, callbacks) {
    this.#root = root;
    this.#catalog = catalog;
    this.#selection = selection;
    this.#callbacks = callbacks;
    this.#tabs = new Tabs(slot(root, "tabs"), { onSelect: (id) => this.#change(() => (selection.tab = id)) });
    slot(root, "panels").addEventListener("change", ({ target }) =>
      this.#change(() => selection.tick(target.value, target.checked)),
    );
    slot(root, "reset").addEventListener("click", () => this.#change(() => selection.clear()));
    slot(root, "form").addEventListener("submit", (event) => this.#submitted(event));
    this.update(catalog);
  }

  get category() {
    return this.#catalog.categories.find(({ id }) => id === this.#selection.tab) ?? this.#catalog.categories[0];
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
    const made = control(filter, (values) => this.#change(() => this.#selection.choose(filter.name, values)));
    this.#controls.set(key, made);
    return made.element;
  }

  #hint({ binds }, types) {
    if (binds.length === types.length) return "";
    return `only for ${binds.map((id) => this.#catalog.label(id)).join(", ")}`;
  }

  #showButton() {
    const types = this.#selection.types(this.#catalog);
    const made = types.length > 0 && this.#callbacks.isMade(this.#selection.subscription(this.#catalog));
    const button = slot(this.#root, "subscribe");
    button.disabled = types.length === 0 || made;
    button.textContent = !types.length
      ? "Tick event types to subscribe"
      : made
        ? "Subscribed to this"
        : `Subscribe to ${count(types.length, "type")}`;
    slot(this.#root, "reset").hidden = types.length === 0;
  }

  #submitted(event) {
    event.preventDefault();
    const subscription = this.#selection.subscription(this.#catalog);
    if (subscription.eventTypes.length && !this.#callbacks.isMade(subscription)) this.#callbacks.onSubscribe(subscription);
  }
}
