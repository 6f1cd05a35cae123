/** What is chosen in the builder: a category's tab, ticked types, values of filters. It can be written as a query. */

import { plainText } from "../values/exact.js";

/** @import { Asked, Category, Value } from "../client/protocol.js" */
/** @import { Demand } from "../narrowing/narrowing.js" */
/** @import { Catalog } from "../shared/catalog.js" */

const FILTER = "filter.";

export class Selection {
  tab = "";
  /** @type {Set<string>} */
  ticked = new Set(); // ids of types
  /** @type {Map<string, string[]>} */
  values = new Map(); // by filter name; kept also while no ticked type has that filter

  static fromQuery(/** @type {string} */ query) {
    const selection = new Selection();
    selection.read(query);
    return selection;
  }

  /** Becomes what `query()` has written. */
  read(/** @type {string} */ query) {
    const parameters = new URLSearchParams(query);
    this.clear();
    this.tab = parameters.get("tab") ?? "";
    this.ticked = new Set(parameters.getAll("event_type"));
    for (const name of new Set(parameters.keys())) {
      if (name.startsWith(FILTER)) this.choose(name.slice(FILTER.length), parameters.getAll(name));
    }
  }

  /** Becomes what a subscription asks for, on a tab that has one of its types. */
  take(/** @type {Asked} */ { eventTypes, filters }, /** @type {Catalog} */ catalog) {
    this.clear();
    for (const id of eventTypes) this.tick(id, true);
    for (const [name, asked] of Object.entries(filters)) this.choose(name, values(asked));
    const hasTicked = (/** @type {Category} */ { events }) => events.some(({ id }) => this.ticked.has(id));
    const shown = catalog.categories.find(({ id }) => id === this.tab);
    if (!shown || !hasTicked(shown)) this.tab = catalog.categories.find(hasTicked)?.id ?? this.tab;
  }

  tick(/** @type {string} */ typeId, /** @type {boolean} */ on) {
    if (on) this.ticked.add(typeId);
    else this.ticked.delete(typeId);
  }

  choose(/** @type {string} */ name, /** @type {string[]} */ values) {
    if (values.length) this.values.set(name, values);
    else this.values.delete(name);
  }

  clear() {
    this.ticked.clear();
    this.values.clear();
  }

  /** The ticked types that there are, in the order of display. */
  types(/** @type {Catalog} */ catalog) {
    return [...catalog.types.keys()].filter((id) => this.ticked.has(id));
  }

  /** What `subscribe` takes: only filters that a ticked type has. */
  subscription(/** @type {Catalog} */ catalog) {
    const eventTypes = this.types(catalog);
    const filters = catalog.filters(eventTypes).flatMap(({ name, type }) => {
      const values = this.values.get(name);
      return values ? [[name, type === "number" ? number(values[0]) : values]] : [];
    });
    return { eventTypes, filters: Object.fromEntries(filters) };
  }

  query() {
    const parameters = new URLSearchParams();
    if (this.tab) parameters.append("tab", this.tab);
    for (const id of this.ticked) parameters.append("event_type", id);
    for (const [name, values] of this.values) {
      for (const value of values) parameters.append(FILTER + name, value);
    }
    return parameters.toString();
  }
}

/** A number, where JavaScript writes it with the same digits; else its text, which the server reads just as well. */
function number(/** @type {string} */ text) {
  return String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** The values of a filter, as the controls have them. `[]`, `""` and `null` ask nothing. */
function values(/** @type {Value | Value[]} */ asked) {
  return [asked ?? []]
    .flat()
    .map(String)
    .filter((value) => value !== "");
}

/** Returns the filters that ask for these values of members, {member, value}, where the types have such filters. */
export function filtersOf(
  /** @type {Catalog} */ catalog,
  /** @type {string[]} */ eventTypes,
  /** @type {Demand[]} */ values,
) {
  const offered = catalog.filters(eventTypes);
  const named = values.flatMap(({ member, value }) => {
    const filter = offered.find(({ data_key: key }) => key === member);
    return filter ? [[filter.name, [plainText(value)]]] : [];
  });
  return Object.fromEntries(named);
}

/** Whether two subscriptions ask for the same, in whatever order. */
export function sameSubscription(/** @type {Asked} */ one, /** @type {Asked} */ other) {
  return canonical(one) === canonical(other);
}

function canonical(/** @type {Asked} */ { eventTypes, filters }) {
  const asked = Object.entries(filters).map(
    ([name, values]) => /** @type {const} */ ([name, [values].flat().map(String).sort()]),
  );
  return JSON.stringify([[...eventTypes].sort(), asked.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
