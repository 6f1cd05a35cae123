/** What stands in an empty feed: why it is empty, and what to do about it. */
import { slot, write } from "../shared/dom.js";
import { plainText } from "../values/exact.js";
import { labels } from "../values/labels.js";
import { legible, outside } from "../values/legible.js";
import { divided, refusal } from "../builder/room.js";
import { MANAGE, quoted } from "../shared/shell.js";
import { exampleOf } from "../dialogs/trial_members.js";

/** @import { Asked, Category, Subscription, Value } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */

/**
 * @typedef {object} Options
 * @property {boolean} isEmitter whether this person may emit events, for a try, of the types that may come from outside
 * @property {(asked: Asked) => void} onTry lets this person send an event that is asked for
 * @property {(parts: Asked[]) => void} onSubscribeAll
 */

/**
 * @typedef {object} Situation
 * @property {boolean} isEmpty
 * @property {Subscription[]} subscriptions
 * @property {Category | undefined} category
 * @property {Catalog} catalog
 */

export class EmptyStates {
  #root;
  #unsubscribed;
  #waiting; // both looked up once: behind hundreds of rows, each is a long way to find
  #isEmitter;
  /** @type {Asked[]} */
  #all = []; // the subscriptions to everything of the category
  /** @type {Asked | null} */
  #triable = null; // what an event can be sent of

  constructor(/** @type {HTMLElement} */ root, /** @type {Options} */ { isEmitter, onTry, onSubscribeAll }) {
    this.#root = root;
    this.#unsubscribed = slot(root, "unsubscribed");
    this.#waiting = slot(root, "waiting");
    this.#isEmitter = isEmitter;
    slot(root, "test").addEventListener("click", () => this.#triable && onTry(this.#triable));
    slot(root, "subscribe-all").addEventListener("click", () => {
      this.complain("");
      onSubscribeAll(this.#all);
    });
  }

  update(/** @type {Situation} */ { isEmpty, subscriptions, category, catalog }) {
    const nothingSubscribed = subscriptions.length === 0;
    this.#unsubscribed.hidden = !isEmpty || !nothingSubscribed;
    this.#waiting.hidden = !isEmpty || nothingSubscribed;
    if (!isEmpty) return;
    const eventTypes = category?.events.map(({ id }) => id) ?? [];
    this.#all = divided({ eventTypes, filters: {} }, catalog);
    const tooMuch = refusal(this.#all, subscriptions, catalog);
    slot(this.#root, "subscribe-all").hidden = !category || tooMuch !== "";
    const ids = [...new Set(subscriptions.flatMap((each) => each.eventTypes))];
    const command = exampleCommand(subscriptions, catalog, this.#isEmitter);
    slot(this.#root, "try").hidden = !command;
    slot(this.#root, "test").hidden = !command;
    const { id, filters = {} } = triable(subscriptions, catalog, this.#isEmitter) ?? {};
    this.#triable = id === undefined ? null : { eventTypes: [id], filters };
    write(this.#root, {
      "subscribe-all": category ? ["Subscribe to all ", outside(category.label), " events"] : "",
      "waiting-for": labels(ids, (id) => catalog.label(id)),
      command: outside(command ?? ""),
    });
  }

  /** Says, where the button is, what was wrong with it. */
  complain(/** @type {string} */ text) {
    write(this.#root, { "all-problem": legible(text) });
  }
}

/** The first of these subscriptions of which an event can be emitted for a try, with that event's type; or null. */
function triable(
  /** @type {Asked[]} */ subscriptions,
  /** @type {Catalog} */ catalog,
  /** @type {boolean} */ isEmitter,
) {
  if (!isEmitter) return null;
  for (const { eventTypes, filters } of subscriptions) {
    const id = eventTypes.find((type) => catalog.isExternal(type));
    if (id) return { id, filters };
  }
  return null;
}

/** A command whose event the first of these subscriptions that can be tried would show; null when none can. */
export function exampleCommand(
  /** @type {Asked[]} */ subscriptions,
  /** @type {Catalog} */ catalog,
  /** @type {boolean} */ isEmitter,
) {
  const found = triable(subscriptions, catalog, isEmitter);
  const type = found && catalog.type(found.id);
  return type ? [`${MANAGE} emit_event`, type.id, ...members(exampleOf(type, found.filters))].join(" ") : null;
}

function members(/** @type {Map<string, Value>} */ example) {
  return [...example].map(([key, value]) => `${key}=${quoted(plainText(value))}`);
}
