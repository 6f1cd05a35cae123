/** The active subscriptions: what each asks for, how many events it has had, and its end. */
import { clone, keyed, slot, write } from "./dom.js";
import { count } from "./summary.js";

export class Cards {
  #root;
  #onUnsubscribe;
  #counts = new WeakMap(); // subscription → events
  #keys = new WeakMap(); // subscription → key of its card
  #subscriptions = new Map(); // the reverse, of those shown
  #nextKey = 1;

  constructor(root, { onUnsubscribe }) {
    this.#root = root;
    this.#onUnsubscribe = onUnsubscribe;
  }

  update(subscriptions, catalog) {
    this.#subscriptions = new Map(subscriptions.map((each) => [this.#keyOf(each), each]));
    slot(this.#root, "number").textContent = subscriptions.length ? `(${subscriptions.length})` : "";
    slot(this.#root, "nothing").hidden = subscriptions.length > 0;
    keyed(slot(this.#root, "list"), subscriptions, {
      key: (subscription) => this.#keyOf(subscription),
      create: (subscription) => this.#create(subscription),
      update: (card, subscription) => this.#show(card, subscription, catalog),
    });
  }

  /** Counts an event for a subscription; `showCounts` then writes all counts at once. */
  counted(subscription) {
    this.#counts.set(subscription, (this.#counts.get(subscription) ?? 0) + 1);
  }

  showCounts() {
    for (const card of slot(this.#root, "list").children) this.#showCount(card, this.#subscriptions.get(card.dataset.key));
  }

  #keyOf(subscription) {
    if (!this.#keys.has(subscription)) this.#keys.set(subscription, String(this.#nextKey++));
    return this.#keys.get(subscription);
  }

  #create(subscription) {
    const card = clone("card-template");
    slot(card, "unsubscribe").addEventListener("click", () => this.#onUnsubscribe(subscription));
    return card;
  }

  #show(card, subscription, catalog) {
    const { eventTypes } = subscription;
    const labels = eventTypes.map((type) => catalog.label(type)).join(", ");
    write(card, {
      title: eventTypes.map((type) => `${catalog.icon(type)} ${catalog.label(type)}`).join(", "),
      filters: filtersInWords(subscription, catalog),
    });
    slot(card, "unsubscribe").setAttribute("aria-label", `Unsubscribe from ${labels}`);
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
    .filter(({ name }) => name in filters)
    .map(({ name, label, labels, operator }) => {
      const values = [filters[name]].flat().map((value) => labels[value] ?? String(value));
      const sign = { gte: " ≥", lte: " ≤", contains: " contains", prefix: " begins with" }[operator] ?? ":";
      return `${label}${sign} ${values.join(", ")}`;
    });
  return words.length ? words.join(" · ") : "all events";
}
