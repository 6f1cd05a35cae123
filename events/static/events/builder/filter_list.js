/** The controls of filters, one for each that some types offer, in the builder and on the page “History”. */
import { keyed, slot } from "../shared/dom.js";
import { labels } from "../values/labels.js";
import { control } from "./filters.js";

/** @import { Catalog, Filter } from "../shared/catalog.js" */
/** @import { Places } from "../shared/page_data.js" */
/** @import { Control } from "./filters.js" */
/** @import { Selection } from "./selection.js" */

/** @typedef {(name: string, values: string[]) => void} OnChoose */

export class FilterList {
  #root;
  #selection;
  #places;
  #onChoose;
  /** @type {Map<string, Control>} */
  #controls = new Map(); // by filter name and type

  constructor(
    /** @type {HTMLElement} */ root,
    /** @type {Selection} */ selection,
    /** @type {{ places: Places, onChoose: OnChoose }} */ { places, onChoose },
  ) {
    this.#root = root;
    this.#selection = selection;
    this.#places = places;
    this.#onChoose = onChoose;
  }

  /** Shows these filters of these types. */
  update(/** @type {Filter[]} */ filters, /** @type {string[]} */ types, /** @type {Catalog} */ catalog) {
    slot(this.#root, "filters-section").hidden = filters.length === 0;
    keyed(slot(this.#root, "filters"), filters, {
      key: keyOf,
      create: (filter) => this.#make(filter, catalog),
      update: (_, filter) => {
        const chosen = this.#selection.values.get(filter.name) ?? [];
        this.#controls.get(keyOf(filter))?.update(filter, chosen, hint(filter, types, catalog));
      },
    });
  }

  #make(/** @type {Filter} */ filter, /** @type {Catalog} */ catalog) {
    const onChange = (/** @type {string[]} */ values) => this.#onChoose(filter.name, values);
    const made = control(filter, onChange, this.#places, catalog.limits);
    this.#controls.set(keyOf(filter), made);
    return made.element;
  }
}

function keyOf(/** @type {Filter} */ { name, type, operator }) {
  return `${name} ${type} ${operator}`;
}

function hint(/** @type {Filter} */ { binds }, /** @type {string[]} */ types, /** @type {Catalog} */ catalog) {
  if (binds.length === types.length) return "";
  return ["only for ", ...labels(binds, (id) => catalog.label(id))];
}
