/** The subscriptions of a client: made, changed and ended, and made again on each new connection. */
import { ConnectionLost, ConnectionRefused } from "./connection.js";
import { ALL } from "./progress.js";

/** @import { Connection, ProtocolError } from "./connection.js" */
/** @import { Progress } from "./progress.js" */
/** @import { Asked, Change, Emit, Filters, Message, Resumed, Start, Subscribed, Subscription } from "./protocol.js" */

const ASK_AGAIN_AFTER = 1_000; // ms
const PASSING = new Set(["too_many_requests", "internal_error"]); // errors that asking again may cure
const CANNOT_RESUME = new Set(["invalid_position", "unknown_action"]); // a position or a server that knows no replay

export class Subscriptions {
  /** @type {Subscription[]} */
  list;

  #connection;
  #progress;
  #emit;
  /** @type {Map<Subscription, { resolve: (subscription: Subscription) => void, reject: (error: Error) => void }>} */
  #confirmations = new Map(); // of subscriptions that were never in force: whom to tell
  /** @type {Map<Subscription, Start>} */
  #starts = new Map(); // until all of that has come
  /** @type {Set<Subscription>} */
  #asking = new Set(); // subscriptions that the server has been asked for and has not answered
  #losses = 0; // of the connection

  constructor(
    /** @type {Connection} */ connection,
    /** @type {Progress} */ progress,
    /** @type {Emit} */ emit,
    /** @type {Asked[]} */ list,
  ) {
    this.#connection = connection;
    this.#progress = progress;
    this.#emit = emit;
    this.list = list.map(({ eventTypes, filters }) => ({ id: null, eventTypes, filters }));
  }

  make(/** @type {string[]} */ eventTypes, /** @type {Filters} */ filters, /** @type {Start} */ start) {
    /** @type {Subscription} */
    const subscription = { id: null, eventTypes: [...eventTypes], filters };
    /** @type {Promise<Subscription>} */
    const confirmed = new Promise((resolve, reject) => this.#confirmations.set(subscription, { resolve, reject }));
    if (Object.keys(start).length) this.#starts.set(subscription, start);
    this.#setList([...this.list, subscription]);
    if (this.#isLive) this.#establish(subscription);
    return confirmed;
  }

  async change(
    /** @type {Subscription} */ subscription,
    /** @type {string[]} */ eventTypes,
    /** @type {Filters} */ filters,
  ) {
    const { id } = subscription;
    if (id === null) throw new ConnectionLost("The subscription is not in force at the moment.");
    const asked = { subscription_id: id, event_types: eventTypes, filters };
    await this.#connection.request("update_subscription", asked, () => {
      Object.assign(subscription, { eventTypes: [...eventTypes], filters });
      this.#setList([...this.list]);
    });
  }

  async end(/** @type {Subscription} */ subscription) {
    const { id } = subscription;
    this.#confirmations.get(subscription)?.reject(new ConnectionLost("It was unsubscribed before the answer came."));
    this.#forget(subscription);
    if (id !== null) await this.#endOnServer(id);
  }

  /** The connection is lost, and with it what the server knew. */
  lost() {
    this.#losses += 1;
    for (const subscription of this.list) subscription.id = null;
    this.#setList(this.list);
  }

  /** Nothing will come of what was never in force. */
  refused(/** @type {Change} */ change) {
    for (const [subscription, { reject }] of this.#confirmations) {
      this.#forget(subscription);
      reject(new ConnectionRefused(change));
    }
  }

  /** On a new connection, before anything else is subscribed to: what was in force is resumed, the rest is made. */
  restore() {
    const isResumed = (/** @type {Subscription} */ each) =>
      each.id === null && !this.#confirmations.has(each) && !this.#starts.has(each);
    const had = this.list.filter(isResumed);
    this.#progress.end(ALL);
    if (had.length && this.#progress.position !== null) this.#resume(had, this.#progress.position);
    for (const subscription of this.list) this.#establish(subscription);
  }

  /** All that was to be replayed of this subscription has come; returns it, or null. */
  replayed(/** @type {string | null} */ id) {
    const subscription = this.#ofId(id);
    if (subscription) this.#starts.delete(subscription);
    return subscription;
  }

  endedByServer(/** @type {string} */ id, /** @type {string} */ reason, /** @type {string | undefined} */ position) {
    const subscription = this.#ofId(id);
    if (!subscription) return;
    if (reason !== "event_type_changed") {
      this.#forget(subscription);
      this.#emit("ended", { subscription, reason });
      return;
    }
    // A filter means something else now; with its new meaning it is asked for from there on.
    subscription.id = null;
    this.#starts.set(subscription, { after: position });
    this.#setList([...this.list]);
    this.#establish(subscription);
  }

  #ofId(/** @type {string | null} */ id) {
    return this.list.find((each) => each.id !== null && each.id === id) ?? null;
  }

  get #isLive() {
    return this.#connection.state === "live";
  }

  async #resume(/** @type {Subscription[]} */ subscriptions, /** @type {string} */ after) {
    const asked = subscriptions.map(({ eventTypes, filters }) => ({ event_types: eventTypes, filters }));
    const made = (/** @type {Message} */ answer) => {
      const { subscriptions: resumed } = /** @type {Resumed} */ (answer);
      for (const [place, each] of resumed.entries()) this.#made(subscriptions[place], each);
    };
    for (const subscription of subscriptions) this.#asking.add(subscription);
    this.#progress.begin(ALL); // whatever comes before the answer, the position must not pass what was missed
    const refusal = await this.#connection.refusal("resume", { after, subscriptions: asked }, made);
    for (const subscription of subscriptions) this.#asking.delete(subscription);
    if (refusal) this.#notResumed(subscriptions, after, refusal);
  }

  #notResumed(
    /** @type {Subscription[]} */ subscriptions,
    /** @type {string} */ after,
    /** @type {ProtocolError} */ error,
  ) {
    if (PASSING.has(error.code)) {
      this.#later(() => this.restore());
      return;
    }
    this.#progress.end(ALL);
    if (CANNOT_RESUME.has(error.code)) {
      this.#emit("replayed", { subscription: null, count: 0, complete: false, reason: "refused", lost: null, error });
    } else {
      // One of them is refused, and that refuses all: each by itself.
      for (const subscription of subscriptions) this.#starts.set(subscription, { after });
    }
    for (const subscription of subscriptions) this.#establish(subscription);
  }

  async #establish(/** @type {Subscription} */ subscription) {
    const { id, eventTypes, filters } = subscription;
    if (id !== null || this.#asking.has(subscription) || !this.list.includes(subscription)) return;
    this.#asking.add(subscription);
    const asked = { event_types: eventTypes, filters, ...this.#starts.get(subscription) };
    const refusal = await this.#connection.refusal("subscribe", asked, (answer) =>
      this.#made(subscription, /** @type {Subscribed} */ (answer)),
    );
    this.#asking.delete(subscription);
    if (refusal && this.list.includes(subscription)) this.#notMade(subscription, refusal);
  }

  #made(
    /** @type {Subscription} */ subscription,
    /** @type {Pick<Subscribed, "subscription_id">} */ { subscription_id: id },
  ) {
    if (!this.list.includes(subscription)) {
      this.#endOnServer(id);
      return;
    }
    subscription.id = id;
    this.#confirmations.get(subscription)?.resolve(subscription);
    this.#confirmations.delete(subscription);
    this.#setList([...this.list]);
  }

  #notMade(/** @type {Subscription} */ subscription, /** @type {ProtocolError} */ error) {
    const confirmation = this.#confirmations.get(subscription);
    if (error.code === "too_many_requests" || (PASSING.has(error.code) && !confirmation)) {
      this.#later(() => this.#establish(subscription));
      return;
    }
    this.#forget(subscription);
    if (confirmation) confirmation.reject(error);
    else this.#emit("ended", { subscription, reason: "refused", error });
  }

  /** On this connection; a new one begins anew. */
  #later(/** @type {() => void} */ ask) {
    const losses = this.#losses;
    setTimeout(() => losses === this.#losses && this.#isLive && ask(), ASK_AGAIN_AFTER);
  }

  async #endOnServer(/** @type {string} */ id) {
    const refusal = await this.#connection.refusal("unsubscribe", { subscription_id: id }, () => {});
    // When the server ended it in the same moment, nothing is left to end.
    if (refusal && refusal.code !== "unknown_subscription") throw refusal;
  }

  #forget(/** @type {Subscription} */ subscription) {
    this.#confirmations.delete(subscription);
    this.#starts.delete(subscription);
    this.#setList(this.list.filter((each) => each !== subscription));
  }

  #setList(/** @type {Subscription[]} */ list) {
    this.list = list;
    this.#emit("subscriptions", list);
  }
}
