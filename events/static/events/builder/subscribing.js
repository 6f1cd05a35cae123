/** What a person does with subscriptions, and what came of it, in words. */
import { ConnectionLost } from "../client/connection.js";
import { labelsText } from "../values/labels.js";
import { legible } from "../values/legible.js";
import { own } from "../values/own.js";

const ENDED = {
  access_revoked: "you may not see it any more.",
  event_type_removed: "the event type was removed.",
  filters_gone: "a filter of it was removed, and without it there would be more events. Choose anew.",
};

export class Subscribing {
  #client;
  #callbacks;

  /**
   * `label(type)`; `onDone(text)`; `onChanged(subscription)`; `onEnded(text)` when the server ended one.
   */
  constructor(client, callbacks) {
    this.#client = client;
    this.#callbacks = callbacks;
    client.on("ended", (ended) => callbacks.onEnded(this.#end(ended)));
  }

  /** The types of a subscription. */
  names({ eventTypes }) {
    return labelsText(eventTypes, this.#callbacks.label);
  }

  /** `onProblem(text)` when it was refused. */
  async make({ eventTypes, filters }, onProblem) {
    try {
      const subscription = await this.#client.subscribe(eventTypes, filters);
      this.#callbacks.onDone(`Subscribed to ${this.names(subscription)}.`);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) onProblem(legible(error.message));
    }
  }

  async change(subscription, { eventTypes, filters }, onProblem) {
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

  async end(subscription) {
    this.#callbacks.onDone(`Unsubscribed from ${this.names(subscription)}.`);
    await this.#client.unsubscribe(subscription);
  }

  #end({ subscription, reason, error }) {
    const why = own(ENDED, reason) ?? legible(error?.message ?? reason);
    return `The subscription to ${this.names(subscription)} has ended: ${why}`;
  }
}
