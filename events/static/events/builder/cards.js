/** The active subscriptions: what each asks for, how many events it has had, and its end. */
import { clone, joined, keyed, slot, write } from "../shared/dom.js";
import { labels, labelsText } from "../values/labels.js";
import { outside } from "../values/legible.js";
import { own } from "../values/own.js";
import { count } from "../values/summary.js";

const SIGNS = new Map([
  ["gte", " ≥"],
  ["lte", " ≤"],
  ["contains", " contains"],
  ["prefix", " begins with"],
]);

export class Cards {
  #root;
  #callbacks;
  #counts = new WeakMap(); // subscription → events
  #keys = new WeakMap(); // subscription → key of its card
  #subscriptions = new Map(); // the reverse, of those shown
  #nextKey = 1;

  /** `onEdit(subscription)`, `onCode(subscription)`, `onWhy(subscription)`, `onUnsubscribe(subscription)`. */
  constructor(root, callbacks) {
    this.#root = root;
    this.#callbacks = callbacks;
  }

  update(subscriptions, catalog, edited = null) {
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
  counted(subscription) {
    this.#counts.set(subscription, (this.#counts.get(subscription) ?? 0) + 1);
  }

  showCounts() {
    const cards = slot(this.#root, "list").children;
    for (const card of cards) this.#showCount(card, this.#subscriptions.get(card.dataset.key));
  }

  /** Puts the focus where an edit of this subscription began. */
  focus(subscription) {
    const card = [...slot(this.#root, "list").children].find(
      ({ dataset }) => dataset.key === this.#keyOf(subscription),
    );
    if (card) slot(card, "edit").focus();
  }

  #keyOf(subscription) {
    if (!this.#keys.has(subscription)) this.#keys.set(subscription, String(this.#nextKey++));
    return this.#keys.get(subscription);
  }

  #create(subscription) {
    const card = clone("card-template");
    const { onEdit, onCode, onWhy, onUnsubscribe } = this.#callbacks;
    for (const [name, act] of Object.entries({ edit: onEdit, code: onCode, why: onWhy, unsubscribe: onUnsubscribe })) {
      slot(card, name).addEventListener("click", () => act(subscription));
    }
    return card;
  }

  #show(card, subscription, catalog) {
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
    this.#showCount(card, subscription);
  }

  #showCount(card, subscription) {
    const events = count(this.#counts.get(subscription) ?? 0, "event");
    write(card, { count: subscription.id === null ? "subscribing…" : events });
  }
}

function filtersInWords({ eventTypes, filters }, catalog) {
  const words = catalog
    .filters(eventTypes)
    .filter(({ name }) => Object.hasOwn(filters, name))
    .map(({ name, label, labels, operator }) => {
      const values = [own(filters, name) ?? []].flat().map((value) => outside(labels.get(value) ?? value));
      return [outside(label), `${SIGNS.get(operator) ?? ":"} `, ...joined(values, ", ")];
    });
  return words.length ? joined(words, " · ") : "all events";
}
