/**
 * A client of the eventhub protocol for browsers and Node, needing only connection.js beside it. The connection comes
 * back by itself, with the subscriptions that were made.
 *
 *   const client = new EventClient("ws://localhost:8090/ws/events?token=…");
 *   client.on("event", (event) => console.log(event.type, event.data));
 *   client.connect();
 *   const subscription = await client.subscribe(["mcp_status_change"], { severity: ["error", "critical"] });
 *   await client.unsubscribe(subscription);
 *
 * What `on` tells of, and with what:
 *   state          {state, previous}: connecting, live, waiting (attempt, delay in ms), refused (code, reason), closed
 *   event          {type, id, timestamp, data}, each once; an ephemeral event has no id
 *   metadata       the `data` object, whenever it has been asked for
 *   metadata_changed   the new version; getMetadata() asks
 *   subscriptions  the list, after each change of it
 *   ended          {subscription, reason}: the server ended it, or (reason "refused", with error) did not take it again
 *   error          {code, message}, one that answers no request
 */
import { Connection, ConnectionLost, ProtocolError } from "./connection.js";

const ASK_AGAIN_AFTER = 1_000; // ms, after too_many_requests
const REMEMBERED_IDS = 5_000; // of events, to drop doubles

export class EventClient {
  subscriptions = []; // {id, eventTypes, filters} as asked for; id is null until the server has confirmed it
  position = null; // everything up to it that matches has arrived: where to resume

  #connection;
  #handlers = new Map(); // name → Set
  #confirmations = new Map(); // subscription → {resolve, reject} of the caller of subscribe()
  #asking = new Set(); // subscriptions that the server has been asked for and has not answered
  #replaying = false;
  #seen = new Set();

  /** `WebSocket` is a class of that interface, for where there is no global one. */
  constructor(url, { WebSocket = globalThis.WebSocket, random = Math.random } = {}) {
    const onState = (change) => this.#stateChanged(change);
    const onMessage = (message) => this.#receive(message);
    this.#connection = new Connection(url, { WebSocket, random, onState, onMessage });
  }

  get state() {
    return this.#connection.state;
  }

  /** Returns the function that undoes it. */
  on(name, handler) {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  /** Connects now, also when it was waiting or had been refused. */
  connect() {
    this.#connection.open();
  }

  /** Disconnects; the subscriptions stay listed, and `connect` makes them again. */
  close() {
    this.#connection.close();
  }

  /** Resolves with the subscription when it is in force, after however many reconnects; rejects with ProtocolError. */
  subscribe(eventTypes, filters = {}) {
    const subscription = { id: null, eventTypes: [...eventTypes], filters };
    const confirmed = new Promise((resolve, reject) => this.#confirmations.set(subscription, { resolve, reject }));
    this.#setSubscriptions([...this.subscriptions, subscription]);
    if (this.state === "live") this.#establish(subscription);
    return confirmed;
  }

  /** The subscription leaves the list at once; resolves when the server has ended it, or need not be told. */
  async unsubscribe(subscription) {
    const { id } = subscription;
    this.#confirmations.get(subscription)?.reject(new ConnectionLost("It was unsubscribed before the answer came."));
    this.#forget(subscription);
    if (id !== null) await this.#endOnServer(id);
  }

  async getMetadata() {
    return (await this.#connection.request("get_metadata")).data;
  }

  /** Resolves with the position. A server that does not answer costs it the connection, which is then made anew. */
  async ping() {
    return (await this.#connection.request("ping")).position;
  }

  #stateChanged(change) {
    if (change.previous === "live") {
      this.#replaying = false;
      for (const subscription of this.subscriptions) subscription.id = null;
      this.#setSubscriptions(this.subscriptions);
    }
    this.#emit("state", change);
    if (change.state === "live") this.#restore();
  }

  #restore() {
    for (const subscription of this.subscriptions) this.#establish(subscription);
  }

  async #establish(subscription) {
    const { id, eventTypes, filters } = subscription;
    if (id !== null || this.#asking.has(subscription) || !this.subscriptions.includes(subscription)) return;
    this.#asking.add(subscription);
    try {
      const answer = await this.#connection.request("subscribe", { event_types: eventTypes, filters });
      await this.#established(subscription, answer.subscription_id);
    } catch (error) {
      if (error instanceof ProtocolError) this.#notEstablished(subscription, error);
      else if (!(error instanceof ConnectionLost)) throw error; // else the next connection tries again
    } finally {
      this.#asking.delete(subscription);
    }
  }

  async #established(subscription, id) {
    if (!this.subscriptions.includes(subscription)) {
      await this.#endOnServer(id);
      return;
    }
    subscription.id = id;
    this.#confirmations.get(subscription)?.resolve(subscription);
    this.#confirmations.delete(subscription);
    this.#setSubscriptions([...this.subscriptions]);
  }

  #notEstablished(subscription, error) {
    if (!this.subscriptions.includes(subscription)) return;
    if (error.code === "too_many_requests") {
      setTimeout(() => this.#establish(subscription), ASK_AGAIN_AFTER);
      return;
    }
    const confirmation = this.#confirmations.get(subscription);
    this.#forget(subscription);
    if (confirmation) confirmation.reject(error);
    else this.#emit("ended", { subscription, reason: "refused", error });
  }

  async #endOnServer(id) {
    try {
      await this.#connection.request("unsubscribe", { subscription_id: id });
    } catch (error) {
      // Without the connection, or when the server ended it in the same moment, nothing is left to end.
      if (!(error instanceof ConnectionLost) && error.code !== "unknown_subscription") throw error;
    }
  }

  #forget(subscription) {
    this.#confirmations.delete(subscription);
    this.#setSubscriptions(this.subscriptions.filter((each) => each !== subscription));
  }

  #receive(message) {
    if (message === "pong") return;
    if (message.type === "replayed") this.#replaying = false;
    // During a replay the position from before it is the one to resume at.
    if (message.replaying === true) this.#replaying = true;
    else if (message.position && !this.#replaying) this.position = message.position;
    switch (message.type) {
      case "metadata":
        return this.#emit("metadata", message.data);
      case "metadata_changed":
        return this.#emit("metadata_changed", message.version);
      case "unsubscribed":
        return message.request_id === undefined ? this.#endedByServer(message) : undefined;
      case "error":
        return message.request_id === undefined ? this.#emit("error", message) : undefined;
      case "subscribed":
      case "subscriptions":
      case "resumed":
      case "replayed":
      case "pong":
        return undefined;
      default:
        return this.#event(message);
    }
  }

  #event(event) {
    if (event.id !== undefined) {
      if (this.#seen.has(event.id)) return;
      this.#seen.add(event.id);
      if (this.#seen.size > REMEMBERED_IDS) this.#seen.delete(this.#seen.values().next().value);
      if (!this.#replaying) this.position = event.id;
    }
    this.#emit("event", event);
  }

  #endedByServer({ subscription_id: id, reason }) {
    const subscription = this.subscriptions.find((each) => each.id === id);
    if (!subscription) return;
    this.#forget(subscription);
    this.#emit("ended", { subscription, reason });
  }

  #setSubscriptions(subscriptions) {
    this.subscriptions = subscriptions;
    this.#emit("subscriptions", subscriptions);
  }

  #emit(name, detail) {
    for (const handler of this.#handlers.get(name) ?? []) handler(detail);
  }
}
