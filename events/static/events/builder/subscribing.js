/** What a person does with subscriptions, and what came of it, in words. */
import { ConnectionLost } from "../client/connection.js";
import { labelsText } from "../values/labels.js";
import { legible } from "../values/legible.js";
import { own } from "../values/own.js";

/** @import { EventClient } from "../client/client.js" */
/** @import { Asked, Ended, Subscription } from "../client/protocol.js" */

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
 * @property {(subscription: Subscription) => void} onChanged
 * @property {(text: string) => void} onEnded the server ended one
 */

export class Subscribing {
  #client;
  #callbacks;

  constructor(/** @type {EventClient} */ client, /** @type {Callbacks} */ callbacks) {
    this.#client = client;
    this.#callbacks = callbacks;
    client.on("ended", (ended) => callbacks.onEnded(this.#end(ended)));
  }

  /** The types of a subscription. */
  names(/** @type {Asked} */ { eventTypes }) {
    return labelsText(eventTypes, this.#callbacks.label);
  }

  async make(/** @type {Asked} */ { eventTypes, filters }, /** @type {OnProblem} */ onProblem) {
    try {
      const subscription = await this.#client.subscribe(eventTypes, filters);
      this.#callbacks.onDone(`Subscribed to ${this.names(subscription)}.`);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) onProblem(legible(error.message));
    }
  }

  async change(
    /** @type {Subscription} */ subscription,
    /** @type {Asked} */ { eventTypes, filters },
    /** @type {OnProblem} */ onProblem,
  ) {
    try {
      await this.#client.update(subscription, eventTypes, filters);
    } catch (error) {
      const lost = "There was no connection: nothing was changed. Save again when it is back.";
      onProblem(error instanceof ConnectionLost ? lost : legible(error.message));
      return;
    }
    this.#callbacks.onChanged(subscription);
    this.#callbacks.onDone(`Changed the subscription to ${this.names(subscription)}.`);
  }

  async end(/** @type {Subscription} */ subscription) {
    this.#callbacks.onDone(`Unsubscribed from ${this.names(subscription)}.`);
    await this.#client.unsubscribe(subscription);
  }

  #end(/** @type {Ended} */ { subscription, reason, error }) {
    const why = own(ENDED, reason) ?? legible(error?.message ?? reason);
    return `The subscription to ${this.names(subscription)} has ended: ${why}`;
  }
}
