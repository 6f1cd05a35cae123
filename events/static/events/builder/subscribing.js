/** What a person does with subscriptions, and what came of it, in words. */
import { ConnectionLost } from "../client/connection.js";
import { labelsText } from "../values/labels.js";
import { legible } from "../values/legible.js";
import { ownMember } from "../values/own_member.js";
import { whyRefused } from "../values/why_refused.js";

/** @import { EventClient } from "../client/client.js" */
/** @import { Asked, Ended, Subscription } from "../client/protocol.js" */
/** @import { Entry } from "../views/entry.js" */
/** @import { MyViews } from "../views/my_views.js" */

const ENDED = {
  access_revoked: "you may not see it any more.",
  event_type_removed: "the event type was removed.",
  filters_gone: "a filter of it was removed, and without it there would be more events. Choose anew.",
};

/** @typedef {(text: string) => void} OnProblem it was refused */

/**
 * @typedef {object} Callbacks
 * @property {(type: string) => string} label
 * @property {(text: string) => void} onDone
 * @property {(subscription: Subscription) => void} onMade
 * @property {(asked: Asked) => void} onChanged
 * @property {(subscription: Subscription, why: string) => void} onEnded the server ended one
 */

export class Subscribing {
  #client;
  #views;
  #callbacks;

  constructor(/** @type {EventClient} */ client, /** @type {MyViews} */ views, /** @type {Callbacks} */ callbacks) {
    this.#client = client;
    this.#views = views;
    this.#callbacks = callbacks;
    client.on("ended", (ended) => callbacks.onEnded(ended.subscription, whyEnded(ended)));
  }

  /** The types of a subscription. */
  names(/** @type {Asked} */ { eventTypes }) {
    return labelsText(eventTypes, this.#callbacks.label);
  }

  async make(/** @type {Asked} */ { eventTypes, filters }, /** @type {OnProblem} */ onProblem) {
    try {
      const subscription = await this.#client.subscribe(eventTypes, filters);
      this.#callbacks.onDone(`Subscribed to ${this.names(subscription)}.`);
      this.#callbacks.onMade(subscription);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) onProblem(legible(error.message));
    }
  }

  /** Changes what a view asks for: on the server, which refuses what was changed elsewhere meanwhile, then here. */
  async change(
    /** @type {Entry} */ entry,
    /** @type {Asked} */ { eventTypes, filters },
    /** @type {OnProblem} */ onProblem,
  ) {
    const { subscription } = entry;
    try {
      if (subscription?.id === null) throw new ConnectionLost();
      await this.#views.change(entry, { event_types: eventTypes, filters });
      if (subscription) await this.#client.update(subscription, eventTypes, filters);
    } catch (error) {
      const lost = "There was no connection: nothing was changed. Save again when it is back.";
      onProblem(error instanceof ConnectionLost ? lost : legible(error.message));
      return;
    }
    this.#callbacks.onChanged(entry);
    this.#callbacks.onDone(`Changed the subscription to ${this.names(entry)}.`);
  }
}

function whyEnded(/** @type {Ended} */ { reason, error }) {
  return ownMember(ENDED, reason) ?? (error ? whyRefused(error) : legible(reason));
}
