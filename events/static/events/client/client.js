/**
 * A client of the eventhub protocol for browsers and Node, needing only failures.js, connection.js, progress.js and
 * subscriptions.js beside it. The connection comes back by itself, with its subscriptions and with what happened meanwhile.
 *
 *   const client = new EventClient("ws://localhost:8090/ws/events?token=…");
 *   client.on("event", (event) => console.log(event.type, event.data));
 *   client.connect();
 *   const subscription = await client.subscribe(["mcp_status_change"], { severity: ["error", "critical"] });
 *   await client.update(subscription, ["mcp_status_change"], { severity: "critical" });
 *   await client.unsubscribe(subscription);
 *
 * What `on` tells of, and with what:
 *   state          {state, previous}: connecting, live, waiting (attempt, delay in ms), refused (code, reason), closed
 *   event          {type, id, timestamp, data}, each once; an ephemeral event has no id. Then, as a second argument, the
 *                  text of the message, for whoever needs numbers as they came: JSON.parse rounds them beyond 2^53
 *   replayed       {subscription, count, complete, reason, lost, nextAfter, error}: what was missed has been sent, `count`
 *                  events of it new. `subscription` is null when it was for all. With a gap `complete` is false, `lost`
 *                  null (nobody knows how many), and `reason` expired, epoch, limit, or refused (with error)
 *   metadata       the `data` object, whenever it has been asked for
 *   metadata_changed   the new version; getMetadata() asks
 *   subscriptions  the list, after each change of it
 *   ended          {subscription, reason}: the server ended it, or (reason "refused", with error) did not take it again
 *   error          {code, message}, one that answers no request
 */
import { callEach } from "./failures.js";
import { Connection } from "./connection.js";
import { ALL, Progress } from "./progress.js";
import { Subscriptions } from "./subscriptions.js";

/** @import { Change, ClientOptions, Emit, ErrorMessage, EventMessage, Filters, Message } from "./protocol.js" */
/** @import { MetadataChanged, MetadataMessage, Replayed, Start, Subscription, Told, Unsubscribed } from "./protocol.js" */

export class EventClient {
  #connection;
  #progress;
  #subscriptions;
  /** @type {{ [Name in keyof Told]?: Set<(...details: Told[Name]) => void> }} */
  #handlers = {};

  /**
   * With the `position` and the `subscriptions` that another client had, those are resumed. `getToken`, or
   * `getTicket`, is called before each try to connect. `WebSocket` is a class of that interface, for where there is no global one; `fallback` is one,
   * such as StreamSocket, for where no WebSocket gets through.
   */
  constructor(/** @type {string} */ url, /** @type {ClientOptions} */ options = {}) {
    const { position = null, subscriptions = [], getToken, getTicket, fallback } = options;
    const { WebSocket = globalThis.WebSocket, random = Math.random } = options;
    const onState = (/** @type {Change} */ change) => this.#stateChanged(change);
    const onMessage = (/** @type {Message | "pong"} */ message, /** @type {string} */ text) =>
      this.#receive(message, text);
    /** @type {Emit} */
    const emit = (name, ...details) => this.#emit(name, ...details);
    this.#connection = new Connection(url, { WebSocket, fallback, getToken, getTicket, random, onState, onMessage });
    this.#progress = new Progress(position);
    this.#subscriptions = new Subscriptions(this.#connection, this.#progress, emit, subscriptions);
  }

  get state() {
    return this.#connection.state;
  }

  /** [{id, eventTypes, filters}] as asked for; an id is null while its subscription is not in force. */
  get subscriptions() {
    return this.#subscriptions.list;
  }

  /** Everything up to it that matches has arrived: where to resume. Null before the first. */
  get position() {
    return this.#progress.position;
  }

  /**
   * Returns the function that undoes it.
   * @template {keyof Told} Name
   * @param {Name} name
   * @param {(...details: Told[Name]) => void} handler
   */
  on(name, handler) {
    /** @type {Set<(...details: Told[Name]) => void>} */
    const handlers = this.#handlers[name] ?? new Set();
    Object.assign(this.#handlers, { [name]: handlers.add(handler) });
    return () => handlers.delete(handler);
  }

  /** Connects now, also when it was waiting or had been refused. */
  connect() {
    this.#connection.open();
  }

  /** Disconnects; the subscriptions stay listed, and `connect` resumes them. */
  close() {
    this.#connection.close();
  }

  /**
   * Resolves with the subscription when it is in force, after however many reconnects; rejects with ProtocolError, or
   * with ConnectionRefused when the server does not take this client.
   * `start`, {after: position} or {last: number}, asks for logged events too.
   */
  subscribe(/** @type {string[]} */ eventTypes, /** @type {Filters} */ filters = {}, /** @type {Start} */ start = {}) {
    return this.#subscriptions.make(eventTypes, filters, start);
  }

  /** It asks for something else from now on, and no event is lost. Rejects with ProtocolError or ConnectionLost. */
  update(
    /** @type {Subscription} */ subscription,
    /** @type {string[]} */ eventTypes,
    /** @type {Filters} */ filters = {},
  ) {
    return this.#subscriptions.change(subscription, eventTypes, filters);
  }

  /** The subscription leaves the list at once; resolves when the server has ended it, or need not be told. */
  unsubscribe(/** @type {Subscription} */ subscription) {
    return this.#subscriptions.end(subscription);
  }

  async getMetadata() {
    return /** @type {MetadataMessage} */ (await this.#connection.request("get_metadata")).data;
  }

  /** Resolves with the position. A server that does not answer costs it the connection, which is then made anew. */
  async ping() {
    return (await this.#connection.request("ping")).position;
  }

  #stateChanged(/** @type {Change} */ change) {
    if (change.previous === "live") {
      this.#progress.breakOff();
      this.#subscriptions.lost();
    }
    if (change.state === "live") this.#subscriptions.restore(); // before a listener asks for anything
    if (change.state === "refused") this.#subscriptions.refused(change);
    this.#emit("state", change);
  }

  #receive(/** @type {Message | "pong"} */ message, /** @type {string} */ text) {
    if (message === "pong") return undefined;
    switch (message.type) {
      case "metadata":
        return this.#emit("metadata", /** @type {MetadataMessage} */ (message).data);
      case "metadata_changed":
        return this.#emit("metadata_changed", /** @type {MetadataChanged} */ (message).version);
      case "error":
        return message.request_id === undefined
          ? this.#emit("error", /** @type {ErrorMessage} */ (message))
          : undefined;
      case "subscribed":
      case "resumed":
        if (message.replaying) this.#progress.begin(message.subscription_id ?? ALL);
        return this.#progress.reach(message.position);
      case "replayed":
        return this.#replayed(/** @type {Replayed} */ (message));
      case "unsubscribed":
        return this.#unsubscribed(/** @type {Unsubscribed} */ (message));
      case "pong":
        return this.#progress.reach(message.position);
      case "subscriptions":
        return undefined;
      default:
        return this.#event(/** @type {EventMessage} */ (message), text);
    }
  }

  #event(/** @type {EventMessage} */ event, /** @type {string} */ text) {
    if (!this.#progress.isNew(event.id)) return;
    this.#progress.reach(event.id);
    this.#emit("event", event, text);
  }

  #replayed(
    /** @type {Replayed} */ {
      subscription_id: of,
      count: sent,
      complete,
      reason = null,
      next_after: nextAfter,
      position,
    },
  ) {
    const id = of ?? ALL;
    this.#progress.end(id);
    this.#progress.reach(position);
    const subscription = this.#subscriptions.replayed(id);
    const count = this.#progress.newOf(sent);
    this.#emit("replayed", { subscription, count, complete, reason, lost: complete ? 0 : null, nextAfter });
  }

  #unsubscribed(
    /** @type {Unsubscribed} */ { subscription_id: id, reason, position, request_id: requestId, filters_gone: gone },
  ) {
    this.#progress.end(id);
    this.#progress.reach(position);
    if (requestId === undefined) this.#subscriptions.endedByServer(id, gone ? "filters_gone" : reason, position);
  }

  /**
   * A handler that throws keeps neither the others nor the client from going on.
   * @template {keyof Told} Name
   * @param {Name} name
   * @param {Told[Name]} details
   */
  #emit(name, ...details) {
    const handlers = [...(this.#handlers[name] ?? [])];
    callEach(...handlers.map((handler) => () => handler(...details)));
  }
}
