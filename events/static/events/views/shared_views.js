/** What colleagues share: to be watched here as it is, or duplicated and changed. */
import { clone, keyed, slot, write } from "../shared/dom.js";
import { labelsText } from "../values/labels.js";
import { isolated, outside } from "../values/legible.js";
import { Entry } from "./entry.js";
import { filtersInWords, titleOf } from "./cards.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { View } from "./entry.js" */

/** @typedef {(view: View) => void} Act */

export class SharedViews {
  #root;
  #callbacks;

  constructor(/** @type {HTMLElement} */ root, /** @type {{ onWatch: Act, onDuplicate: Act }} */ callbacks) {
    this.#root = root;
    this.#callbacks = callbacks;
  }

  update(/** @type {View[]} */ views, /** @type {Catalog} */ catalog) {
    this.#root.hidden = views.length === 0;
    keyed(slot(this.#root, "list"), views, {
      key: ({ id, version }) => `${id} ${version}`,
      create: (view) => this.#create(view),
      update: (card, view) => show(card, view, catalog),
    });
  }

  #create(/** @type {View} */ view) {
    const card = clone("shared-template");
    slot(card, "watch").addEventListener("click", () => this.#callbacks.onWatch(view));
    slot(card, "duplicate").addEventListener("click", () => this.#callbacks.onDuplicate(view));
    return card;
  }
}

function show(/** @type {HTMLElement} */ card, /** @type {View} */ view, /** @type {Catalog} */ catalog) {
  const entry = Entry.of(view);
  const names = view.name ? isolated(view.name) : labelsText(entry.eventTypes, (type) => catalog.label(type));
  card.dataset.colour = entry.colour;
  write(card, {
    title: view.name ? outside(view.name) : titleOf(entry, catalog),
    about: [...[filtersInWords(entry, catalog)].flat(), " · by ", outside(view.owner)],
  });
  slot(card, "watch").setAttribute("aria-label", `Watch ${names}`);
  slot(card, "duplicate").setAttribute("aria-label", `Duplicate ${names}`);
}
