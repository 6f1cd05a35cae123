/** The cards, each with the subscription that brings its events: what the client tells of these is followed here. */
import { sameSubscription } from "../builder/selection.js";
import { whyRefused } from "../values/why_refused.js";
import { Entry } from "./entry.js";

/** @import { EventClient } from "../client/client.js" */
/** @import { Asked, Subscription } from "../client/protocol.js" */
/** @import { View } from "./entry.js" */

export class Entries {
  /** @type {Entry[]} */
  entries = [];

  /** @type {EventClient | null} */
  client = null;

  #onChange;
  /** @type {WeakMap<Subscription, Entry>} */
  #of = new WeakMap(); // also of subscriptions that have ended

  constructor(/** @type {() => void} */ onChange) {
    this.#onChange = onChange;
  }

  /** What is to be subscribed to from the beginning. */
  get active() {
    return this.entries.filter((entry) => !entry.isPaused);
  }

  ofId(/** @type {string | null} */ id) {
    return this.entries.find(({ view }) => view && view.id === id) ?? null;
  }

  /** A view that the server has: an entry that asks for the same and is not kept yet was, and only the answer was lost. */
  recognise(/** @type {View} */ view, among = this.entries) {
    if (this.ofId(view.id)) return;
    const unsaved = among.find((entry) => !entry.view && sameSubscription(entry, Entry.of(view)));
    if (unsaved) unsaved.view = view;
  }

  /** `client` was made with the subscriptions of `active`, in that order. */
  attach(/** @type {EventClient} */ client) {
    this.client = client;
    for (const [place, entry] of this.active.entries()) this.#link(entry, client.subscriptions[place]);
  }

  /** The client's list has changed: what is new in it gets a card, and what has left it keeps the card of its view. */
  follow(/** @type {Subscription[]} */ list) {
    for (const entry of this.entries) {
      if (entry.subscription && !list.includes(entry.subscription)) entry.subscription = null;
    }
    this.entries = this.entries.filter(({ view, subscription }) => view || subscription);
    for (const subscription of list) {
      if (this.entries.some((entry) => entry.subscription === subscription)) continue;
      const waiting = this.entries.find(
        (entry) => !entry.subscription && !entry.isPaused && !entry.problem && sameSubscription(entry, subscription),
      );
      const entry = waiting ?? new Entry(subscription);
      this.#link(entry, subscription);
      if (!waiting) this.entries.push(entry);
    }
  }

  ofSubscription(/** @type {Subscription} */ subscription) {
    return this.#of.get(subscription) ?? null;
  }

  /** The server has ended its subscription, or refused it. */
  ended(/** @type {Subscription} */ subscription, /** @type {string} */ why) {
    const entry = this.#of.get(subscription);
    if (entry && this.entries.includes(entry)) entry.problem = why;
    this.#onChange();
  }

  /** What was ended is asked for again, where `isThere` says that its types are back. */
  tryAgain(/** @type {(asked: Asked) => boolean} */ isThere) {
    for (const entry of this.entries) {
      if (!entry.problem || entry.isPaused || entry.subscription || !isThere(entry)) continue;
      entry.problem = "";
      this.subscribe(entry);
    }
  }

  #link(/** @type {Entry} */ entry, /** @type {Subscription} */ subscription) {
    entry.subscription = subscription;
    entry.problem = "";
    this.#of.set(subscription, entry);
  }

  /** The client's list gets it at once, and `follow` finds this entry waiting for it. */
  subscribe(/** @type {Entry} */ entry) {
    const { eventTypes, filters } = entry.asked;
    this.client?.subscribe(eventTypes, filters).catch((/** @type {Error} */ error) => {
      entry.problem = whyRefused(error);
      this.#onChange();
    });
  }
}
