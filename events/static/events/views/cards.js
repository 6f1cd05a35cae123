/** The cards: what each view asks for, how many events it has had, what can be done with it, and its end. */
import { parametersOf } from "../shared/api.js";
import { childrenOf, clone, joined, keyed, slot, write } from "../shared/dom.js";
import { PATH } from "../shared/site.js";
import { labels, labelsText } from "../values/labels.js";
import { isolated, outside } from "../values/legible.js";
import { OPERATORS } from "../values/operators.js";
import { ownMember } from "../values/own_member.js";
import { count } from "../values/summary.js";
import { CardMenu } from "./card_menu.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Words } from "../values/legible.js" */
/** @import { MenuCallbacks } from "./card_menu.js" */
/** @import { Entry } from "./entry.js" */
/** @import { Group } from "./my_views.js" */

/** @typedef {(entry: Entry) => void} Act */
/** @typedef {MenuCallbacks & { onSelect: Act, onEdit: Act, onUnsubscribe: Act }} Callbacks */

const MOST_IN_TITLE = 3; // types; the rest would push its buttons off a telephone's screen

/**
 * @typedef {object} Contents
 * @property {Entry[]} entries
 * @property {Catalog} catalog
 * @property {Group[]} groups to share with
 * @property {Asked | null} edited
 * @property {Entry | null} selected
 */

export class Cards {
  #root;
  #callbacks;
  /** @type {WeakMap<Entry, number>} */
  #counts = new WeakMap(); // events
  /** @type {WeakMap<Entry, string>} */
  #keys = new WeakMap(); // of their cards
  /** @type {WeakMap<HTMLElement, CardMenu>} */
  #menus = new WeakMap();
  /** @type {Map<string, Entry>} */
  #entries = new Map(); // by key, of those shown
  #nextKey = 1;

  constructor(/** @type {HTMLElement} */ root, /** @type {Callbacks} */ callbacks) {
    this.#root = root;
    this.#callbacks = callbacks;
  }

  update(/** @type {Contents} */ { entries, catalog, groups, edited, selected }) {
    this.#entries = new Map(entries.map((each) => [this.#keyOf(each), each]));
    slot(this.#root, "number").textContent = entries.length ? `(${entries.length})` : "";
    slot(this.#root, "nothing").hidden = entries.length > 0;
    keyed(slot(this.#root, "list"), entries, {
      key: (entry) => this.#keyOf(entry),
      create: (entry) => this.#create(entry),
      update: (card, entry) => {
        this.#show(card, entry, catalog);
        this.#menus.get(card)?.update(entry, namesOf(entry, catalog), groups);
        card.toggleAttribute("data-edited", entry === edited);
        slot(card, "select").setAttribute("aria-pressed", String(entry === selected));
      },
    });
  }

  /** Counts an event for a view; `showCounts` then writes all counts at once. */
  counted(/** @type {Entry} */ entry) {
    this.#counts.set(entry, (this.#counts.get(entry) ?? 0) + 1);
  }

  showCounts() {
    for (const card of childrenOf(slot(this.#root, "list"))) {
      const entry = this.#entries.get(card.dataset.key ?? "");
      if (entry) this.#showCount(card, entry);
    }
  }

  /** Puts the focus where an edit of this view began. */
  focus(/** @type {Entry} */ entry) {
    const card = childrenOf(slot(this.#root, "list")).find(({ dataset }) => dataset.key === this.#keyOf(entry));
    if (card) slot(card, "edit").focus();
  }

  #keyOf(/** @type {Entry} */ entry) {
    const key = this.#keys.get(entry) ?? String(this.#nextKey++);
    this.#keys.set(entry, key);
    return key;
  }

  #create(/** @type {Entry} */ entry) {
    const card = clone("card-template");
    const { onSelect, onEdit, onUnsubscribe } = this.#callbacks;
    for (const [name, act] of Object.entries({ select: onSelect, edit: onEdit, unsubscribe: onUnsubscribe })) {
      slot(card, name).addEventListener("click", () => act(entry));
    }
    this.#menus.set(card, new CardMenu(slot(card, "more", HTMLDetailsElement), entry, this.#callbacks));
    return card;
  }

  #show(/** @type {HTMLElement} */ card, /** @type {Entry} */ entry, /** @type {Catalog} */ catalog) {
    const names = namesOf(entry, catalog);
    const owner = entry.view?.owner;
    card.dataset.colour = entry.colour;
    card.dataset.view = entry.view ? `${entry.view.id} ${entry.view.version}` : "";
    /** @type {Words} */
    const filters = [filtersInWords(entry, catalog)].flat();
    const types = entry.view?.name ? [...labels(entry.eventTypes, withIcon(catalog)), " · "] : [];
    write(card, {
      title: entry.view?.name ? outside(entry.view.name) : titleOf(entry, catalog),
      filters: [...types, ...filters, ...(owner ? [" · shared by ", outside(owner)] : [])],
      problem: entry.problem,
      unsubscribe: owner ? "Stop watching" : "Unsubscribe",
    });
    slot(card, "edit").hidden = owner !== undefined;
    slot(card, "edit").setAttribute("aria-label", `Edit the subscription to ${names}`);
    slot(card, "select").title = `Show only the events of ${names}`;
    slot(card, "unsubscribe").setAttribute("aria-label", `${owner ? "Stop watching" : "Unsubscribe from"} ${names}`);
    const deliver = slot(card, "deliver");
    deliver.setAttribute("href", `${PATH}/deliveries/new?${parametersOf(entry)}`);
    deliver.setAttribute("aria-label", `Keep and deliver … ${names}`);
    const history = slot(card, "history");
    const of = entry.view ? `&view=${entry.view.id}` : "";
    history.setAttribute("href", `${PATH}/events/history?${parametersOf(entry)}${of}`);
    history.setAttribute("aria-label", `History of ${names}`);
    this.#showCount(card, entry);
  }

  #showCount(/** @type {HTMLElement} */ card, /** @type {Entry} */ entry) {
    const events = count(this.#counts.get(entry) ?? 0, "event");
    const muted = entry.isMuted ? ", muted" : "";
    write(card, { count: state(entry) || events + muted });
  }
}

function state(/** @type {Entry} */ entry) {
  if (entry.problem) return "ended";
  if (entry.isPaused) return "paused";
  return entry.id === null ? "subscribing…" : "";
}

/** Its name, or else those of its types. */
export function namesOf(/** @type {Entry} */ entry, /** @type {Catalog} */ catalog) {
  if (entry.view?.name) return isolated(entry.view.name);
  return labelsText(entry.eventTypes, (type) => catalog.label(type));
}

/** The first of its types, in place of a name. */
export function titleOf(/** @type {Asked} */ { eventTypes }, /** @type {Catalog} */ catalog) {
  return labels(eventTypes, withIcon(catalog), MOST_IN_TITLE);
}

function withIcon(/** @type {Catalog} */ catalog) {
  return (/** @type {string} */ type) => `${catalog.icon(type)} ${catalog.label(type)}`;
}

export function filtersInWords(/** @type {Asked} */ { eventTypes, filters }, /** @type {Catalog} */ catalog) {
  const words = catalog
    .filters(eventTypes)
    .filter(({ name }) => Object.hasOwn(filters, name))
    .map(({ name, label, labels, operator }) => {
      const values = [ownMember(filters, name) ?? []]
        .flat()
        .map((value) => outside(labels.get(String(value)) ?? value));
      return [outside(label), `${OPERATORS.get(operator)?.sign ?? ":"} `, ...joined(values, ", ")];
    });
  return words.length ? joined(words, " · ") : "all events";
}
