/** The active subscriptions: what each asks for, how many events it has had, and its end. */
import { parametersOf } from "../shared/api.js";
import { childrenOf, clone, joined, keyed, slot, write } from "../shared/dom.js";
import { labels, labelsText } from "../values/labels.js";
import { outside } from "../values/legible.js";
import { OPERATORS } from "../values/operators.js";
import { own } from "../values/own.js";
import { count } from "../values/summary.js";

/** @import { Asked, Subscription } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */

/** @typedef {(subscription: Subscription) => void} Act */
/** @typedef {{ onEdit: Act, onCode: Act, onWhy: Act, onUnsubscribe: Act }} Callbacks */

export class Cards {
  #root;
  #callbacks;
  /** @type {WeakMap<Subscription, number>} */
  #counts = new WeakMap(); // events
  /** @type {WeakMap<Subscription, string>} */
  #keys = new WeakMap(); // of their cards
  /** @type {Map<string, Subscription>} */
  #subscriptions = new Map(); // the reverse, of those shown
  #nextKey = 1;

  constructor(/** @type {HTMLElement} */ root, /** @type {Callbacks} */ callbacks) {
    this.#root = root;
    this.#callbacks = callbacks;
  }

  update(
    /** @type {Subscription[]} */ subscriptions,
    /** @type {Catalog} */ catalog,
    /** @type {Subscription | null} */ edited = null,
  ) {
    this.#subscriptions = new Map(subscriptions.map((each) => [this.#keyOf(each), each]));
    slot(this.#root, "number").textContent = subscriptions.length ? `(${subscriptions.length})` : "";
    slot(this.#root, "nothing").hidden = subscriptions.length > 0;
    keyed(slot(this.#root, "list"), subscriptions, {
      key: (subscription) => this.#keyOf(subscription),
      create: (subscription) => this.#create(subscription),
      update: (card, subscription) => {
        this.#show(card, subscription, catalog);
        card.toggleAttribute("data-edited", subscription === edited);
      },
    });
  }

  /** Counts an event for a subscription; `showCounts` then writes all counts at once. */
  counted(/** @type {Subscription} */ subscription) {
    this.#counts.set(subscription, (this.#counts.get(subscription) ?? 0) + 1);
  }

  showCounts() {
    for (const card of childrenOf(slot(this.#root, "list"))) {
      const subscription = this.#subscriptions.get(card.dataset.key ?? "");
      if (subscription) this.#showCount(card, subscription);
    }
  }

  /** Puts the focus where an edit of this subscription began. */
  focus(/** @type {Subscription} */ subscription) {
    const card = childrenOf(slot(this.#root, "list")).find(({ dataset }) => dataset.key === this.#keyOf(subscription));
    if (card) slot(card, "edit").focus();
  }

  #keyOf(/** @type {Subscription} */ subscription) {
    const key = this.#keys.get(subscription) ?? String(this.#nextKey++);
    this.#keys.set(subscription, key);
    return key;
  }

  #create(/** @type {Subscription} */ subscription) {
    const card = clone("card-template");
    const { onEdit, onCode, onWhy, onUnsubscribe } = this.#callbacks;
    for (const [name, act] of Object.entries({ edit: onEdit, code: onCode, why: onWhy, unsubscribe: onUnsubscribe })) {
      slot(card, name).addEventListener("click", () => act(subscription));
    }
    return card;
  }

  #show(/** @type {HTMLElement} */ card, /** @type {Subscription} */ subscription, /** @type {Catalog} */ catalog) {
    const { eventTypes } = subscription;
    const names = labelsText(eventTypes, (type) => catalog.label(type));
    write(card, {
      title: labels(eventTypes, (type) => `${catalog.icon(type)} ${catalog.label(type)}`),
      filters: filtersInWords(subscription, catalog),
    });
    slot(card, "edit").setAttribute("aria-label", `Edit the subscription to ${names}`);
    slot(card, "code").setAttribute("aria-label", `Code for the subscription to ${names}`);
    slot(card, "why").setAttribute("aria-label", `Why not? Newest events of ${names}`);
    slot(card, "unsubscribe").setAttribute("aria-label", `Unsubscribe from ${names}`);
    const deliver = slot(card, "deliver");
    deliver.setAttribute("href", `/deliveries/new?${parametersOf(subscription)}`);
    deliver.setAttribute("aria-label", `Keep and deliver … ${names}`);
    this.#showCount(card, subscription);
  }

  #showCount(/** @type {HTMLElement} */ card, /** @type {Subscription} */ subscription) {
    const events = count(this.#counts.get(subscription) ?? 0, "event");
    write(card, { count: subscription.id === null ? "subscribing…" : events });
  }
}

function filtersInWords(/** @type {Asked} */ { eventTypes, filters }, /** @type {Catalog} */ catalog) {
  const words = catalog
    .filters(eventTypes)
    .filter(({ name }) => Object.hasOwn(filters, name))
    .map(({ name, label, labels, operator }) => {
      const values = [own(filters, name) ?? []].flat().map((value) => outside(labels.get(String(value)) ?? value));
      return [outside(label), `${OPERATORS.get(operator)?.sign ?? ":"} `, ...joined(values, ", ")];
    });
  return words.length ? joined(words, " · ") : "all events";
}
