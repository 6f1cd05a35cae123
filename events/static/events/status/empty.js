/** What stands in an empty feed: why it is empty, and what to do about it. */
import { slot, write } from "../shared/dom.js";
import { plainText } from "../values/exact.js";
import { labels } from "../values/labels.js";
import { legible, outside } from "../values/legible.js";
import { ownMember } from "../values/own_member.js";
import { divided, refusal } from "../builder/room.js";
import { MANAGE, quoted } from "../shared/shell.js";
import { placeholders } from "../values/summary.js";

/** @import { Asked, Category, EventType, Filters, Subscription, Value } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */

/**
 * @typedef {object} Options
 * @property {boolean} isEmitter whether this person may emit events, for a try, of the types that may come from outside
 * @property {string | null} testPlace the address of a page where that is done, with "TYPE" in place of the type
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
  #testPlace;
  /** @type {Asked[]} */
  #all = []; // the subscriptions to everything of the category

  constructor(/** @type {HTMLElement} */ root, /** @type {Options} */ { isEmitter, testPlace, onSubscribeAll }) {
    this.#root = root;
    this.#unsubscribed = slot(root, "unsubscribed");
    this.#waiting = slot(root, "waiting");
    this.#testPlace = testPlace;
    this.#isEmitter = isEmitter;
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
    slot(this.#root, "test").hidden = !command || !this.#testPlace;
    const { id } = triable(subscriptions, catalog, this.#isEmitter) ?? {};
    if (id && this.#testPlace) slot(this.#root, "test", HTMLAnchorElement).href = this.#testPlace.replace("TYPE", id);
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
  return type ? [`${MANAGE} emit_event`, type.id, ...exampleMembers(type, found.filters)].join(" ") : null;
}

/** What the summary line shows, and what the filters ask for. */
function exampleMembers(/** @type {EventType} */ type, /** @type {Filters} */ filters) {
  /** @type {Map<string, Value>} */
  const members = new Map(placeholders(type.summary).map((name) => [name, "example"]));
  for (const { name, data_key: key, type: kind, options } of type.filterable_fields) {
    const [asked] = [ownMember(filters, name) ?? []].flat();
    if (asked !== undefined) members.set(key, asked);
    else if (members.has(key)) members.set(key, options?.[0] ?? (kind === "number" ? 1 : "example"));
  }
  return [...members].map(([key, value]) => `${key}=${quoted(plainText(value))}`);
}
