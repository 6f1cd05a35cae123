/** What a person watches: the cards, kept on the server, with the subscriptions that bring their events. */
import { ApiProblem, send } from "../shared/api.js";
import { sameSubscription } from "../builder/selection.js";
import { unlessLost } from "../status/page_visibility.js";
import { Entries } from "./entries.js";
import { Entry } from "./entry.js";

/** @import { EventClient } from "../client/client.js" */
/** @import { Asked, Subscription } from "../client/protocol.js" */
/** @import { View } from "./entry.js" */

/** @typedef {{ id: number, name: string }} Group */
/** @typedef {{ own: View[], shared: View[], groups: Group[] }} Views as the server gives them */
/** @typedef {{ onChange: () => void, onProblem: (text: string) => void }} Callbacks */

export class MyViews extends Entries {
  /** @type {View[]} */
  shared; // by others, with a group of this person

  groups;

  #callbacks;
  /** @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /** `unsaved`: what this tab has subscribed to, and the server was not told, or did not keep in former times. */
  constructor(
    /** @type {Views} */ { own, shared, groups },
    /** @type {Asked[]} */ unsaved,
    /** @type {string | null} */ watched,
    /** @type {Callbacks} */ callbacks,
  ) {
    super(callbacks.onChange);
    this.shared = shared;
    this.groups = groups;
    this.#callbacks = callbacks;
    const kept = own.map((view) => Entry.of(view));
    const others = unsaved.filter((asked) => !kept.some((entry) => sameSubscription(entry, asked)));
    const guest = shared.filter(({ id }) => id === watched).map((view) => Entry.of(view));
    this.entries = [...kept, ...guest, ...others.map((asked) => new Entry(asked))];
  }

  /** What the server does not keep yet. */
  get unsaved() {
    return this.entries.filter(({ view }) => !view).map(({ asked }) => asked);
  }

  /** The same; what the server does not keep yet is kept from now on. */
  attach(/** @type {EventClient} */ client) {
    super.attach(client);
    for (const entry of this.entries.filter(({ view }) => !view)) this.save(entry);
  }

  /** A subscription was made here. */
  made(/** @type {Subscription} */ subscription) {
    const entry = this.ofSubscription(subscription);
    if (entry && !entry.view) this.save(entry);
  }

  /** The server keeps it from now on. */
  async save(/** @type {Entry} */ entry) {
    const { eventTypes, filters } = entry.asked;
    await this.#told(async () => {
      if (entry.view || !this.entries.includes(entry)) return; // it was found on the server meanwhile, or ended
      entry.view = await send("POST", "", { event_types: eventTypes, filters });
    });
  }

  /** Changes what the server keeps of it; rejects with ApiProblem. */
  change(/** @type {Entry} */ entry, /** @type {Partial<View>} */ changes) {
    return this.#inTurn(() => this.#change(entry, changes));
  }

  async #change(/** @type {Entry} */ entry, /** @type {Partial<View>} */ changes) {
    const { view } = entry;
    if (!view) return;
    entry.view = await send("PATCH", view.id, { ...changes, version: view.version });
    this.#callbacks.onChange();
  }

  async mute(/** @type {Entry} */ entry) {
    await this.#told(() => this.#change(entry, { muted: !entry.isMuted }));
  }

  async pause(/** @type {Entry} */ entry) {
    await this.#told(async () => {
      await this.#change(entry, { paused: !entry.isPaused });
      await this.#followPause(entry);
    });
  }

  /** Adds or takes one; the others are those that there are once its turn comes. */
  async setAlert(/** @type {Entry} */ entry, /** @type {string} */ alert, /** @type {boolean} */ isOn) {
    await this.#told(() => {
      const others = entry.alerts.filter((each) => each !== alert);
      return this.#change(entry, { alerts: isOn ? [...others, alert] : others });
    });
  }

  /** Changes what the server keeps of it, and says what was wrong. */
  async alter(/** @type {Entry} */ entry, /** @type {Partial<View>} */ changes) {
    await this.#told(() => this.#change(entry, changes));
  }

  /** An own copy of a view; it is subscribed to. */
  async duplicate(/** @type {View} */ { id }) {
    await this.#told(async () => this.#add(Entry.of(await send("POST", "", { copy_of: id }))));
  }

  /** Shows somebody else's view on this page. */
  watch(/** @type {View} */ view) {
    return this.ofId(view.id) ?? this.#add(Entry.of(view));
  }

  /** Returns what brings it back. */
  async end(/** @type {Entry} */ entry) {
    const { subscription } = entry;
    this.entries = this.entries.filter((each) => each !== entry);
    entry.subscription = null;
    if (subscription) await this.client?.unsubscribe(subscription);
    if (!entry.isShared) await this.#told(() => this.#forget(entry));
    this.#callbacks.onChange();
    return () => this.#restore(entry);
  }

  /** The server forgets it, also if it was saved and only the answer was lost: else it would come back. */
  async #forget(/** @type {Entry} */ entry) {
    if (!entry.view) for (const view of (await send("GET", "")).own) this.recognise(view, [entry]);
    if (entry.view) await send("DELETE", entry.view.id);
  }

  /** What was changed on another device, or shared meanwhile; what the connection was lost for, the next time. */
  refresh() {
    return this.#inTurn(() => this.#refresh()).catch((error) => {
      if (!(error instanceof ApiProblem)) unlessLost(error); // else what is shown stays
    });
  }

  async #refresh() {
    /** @type {Views} */
    const fresh = await send("GET", "");
    this.shared = fresh.shared;
    this.groups = fresh.groups;
    const all = new Map([...fresh.own, ...fresh.shared].map((view) => [view.id, view]));
    for (const view of fresh.own) this.recognise(view);
    for (const entry of [...this.entries]) await this.#renew(entry, all);
    for (const view of fresh.own) if (!this.ofId(view.id)) this.#add(Entry.of(view));
    this.#callbacks.onChange();
  }

  /** Somebody leaves the page: what has come up to now was seen. */
  seen() {
    if (this.entries.some(({ view, isShared }) => view && !isShared)) send("POST", "seen").catch(() => {}); // next time
  }

  async #renew(/** @type {Entry} */ entry, /** @type {Map<string, View>} */ all) {
    if (!entry.view) return;
    const view = all.get(entry.view.id);
    if (!view) {
      this.entries = this.entries.filter((each) => each !== entry);
      if (entry.subscription) await this.client?.unsubscribe(entry.subscription);
      return;
    }
    const { subscription } = entry;
    const isOther = !sameSubscription(entry, Entry.of(view));
    entry.view = view;
    if (isOther && subscription?.id) await this.client?.update(subscription, view.event_types, view.filters);
    await this.#followPause(entry);
  }

  async #followPause(/** @type {Entry} */ entry) {
    const { subscription } = entry;
    if (entry.isPaused && subscription) {
      entry.subscription = null;
      await this.client?.unsubscribe(subscription);
    } else if (!entry.isPaused && !subscription && !entry.problem) {
      this.subscribe(entry);
    }
  }

  async #restore(/** @type {Entry} */ entry) {
    await this.#told(async () => {
      if (entry.view && !entry.isShared) entry.view = await send("POST", `${entry.view.id}/restore`);
      this.#add(entry);
    });
  }

  #add(/** @type {Entry} */ entry) {
    this.entries.push(entry);
    if (!entry.isPaused) this.subscribe(entry);
    return entry;
  }

  /**
   * One call after the other: a list that was written before a view was saved, and read after it, would lack it here.
   * @template Answer
   * @param {() => Promise<Answer>} call
   * @returns {Promise<Answer>}
   */
  #inTurn(call) {
    const answer = this.#turn.then(call);
    this.#turn = answer.catch(() => {}); // whoever has called is told
    return answer;
  }

  async #told(/** @type {() => Promise<unknown>} */ act) {
    try {
      await this.#inTurn(act);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.#callbacks.onProblem(error.message);
      if (error.code === "edit_conflict" || error.code === "not_found") await this.refresh();
    }
    this.#callbacks.onChange();
  }
}
