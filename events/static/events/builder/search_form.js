/** The form of the page “History”: event types and severities to tick, and the filters that these types have. */
import { slot } from "../shared/dom.js";
import { FilterList } from "./filter_list.js";
import { MOST_OFFERED } from "./filters.js";
import { searchTypes } from "./panel.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Places } from "../shared/page_data.js" */
/** @import { Selection } from "./selection.js" */

const OF_ALL_TYPES = "severity"; // the form has it as boxes

export class SearchForm {
  #root;
  #catalog;
  #selection;
  #onChange;
  #filters;
  /** @type {Set<string>} */
  #severities;

  constructor(
    /** @type {HTMLElement} */ root,
    /** @type {Catalog} */ catalog,
    /** @type {Selection} */ selection,
    /** @type {{ severities: string[], places: Places, onChange: () => void }} */ { severities, places, onChange },
  ) {
    this.#root = root;
    this.#catalog = catalog;
    this.#selection = selection;
    this.#onChange = onChange;
    this.#severities = new Set(severities);
    this.#filters = new FilterList(root, selection, {
      places,
      onChoose: (name, values) => {
        selection.choose(name, values);
        this.#changed();
      },
    });
    searchTypes(root);
    slot(root, "form").addEventListener("change", ({ target }) => {
      const { name, value, checked } = /** @type {HTMLInputElement} */ (target);
      if (name === "event_type") selection.tick(value, checked);
      else if (name !== OF_ALL_TYPES) return;
      else if (checked) this.#severities.add(value);
      else this.#severities.delete(value);
      this.#changed();
    });
    slot(root, "form").addEventListener("submit", (event) => event.preventDefault());
    // What is chosen holds at once, and the time is chosen above the rows.
    for (const each of root.querySelectorAll("[data-slot=show], [data-slot=times], [data-slot=kept]")) each.remove();
    this.update();
  }

  /** Gives each type that is searched, with the filters that it has. @returns {Asked} */
  get asked() {
    const { filters } = this;
    const all = this.#selection.types(this.#catalog);
    if (all.length) return { eventTypes: all, filters };
    const names = Object.keys(filters);
    const types = [...this.#catalog.types.keys()];
    return { eventTypes: types.filter((id) => names.every((name) => this.#catalog.field(id, name))), filters };
  }

  /** The filters that one of the types has; with no type ticked, that any has. */
  get filters() {
    const names = new Set(this.#catalog.filters(this.#types).map(({ name }) => name));
    return Object.fromEntries([...this.#selection.values].filter(([name]) => names.has(name)));
  }

  get severities() {
    return [...this.#severities];
  }

  update() {
    const { values } = this.#selection;
    const hasTicked = this.#selection.types(this.#catalog).length > 0;
    const offered = this.#catalog
      .filters(this.#types)
      .filter(({ name, data_key: key }) => key !== OF_ALL_TYPES || values.has(name))
      .filter(({ name }, place) => hasTicked || place < MOST_OFFERED || values.has(name));
    this.#filters.update(offered, this.#types, this.#catalog);
    /** @type {NodeListOf<HTMLInputElement>} */
    const boxes = this.#root.querySelectorAll("input[name=event_type]");
    for (const box of boxes) box.checked = this.#selection.ticked.has(box.value);
  }

  #changed() {
    this.update();
    this.#onChange();
  }

  get #types() {
    const ticked = this.#selection.types(this.#catalog);
    return ticked.length ? ticked : [...this.#catalog.types.keys()];
  }
}
