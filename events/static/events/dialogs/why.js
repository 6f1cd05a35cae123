/** The dialog that tells, condition by condition, why an event is, or is not, what a subscription asks for. */
import { askExactly, askForEvents, parametersOf } from "../shared/api.js";
import { clone, slot, write } from "../shared/dom.js";
import { inWords } from "./explanation.js";
import { labels } from "../values/labels.js";
import { legible } from "../values/legible.js";
import { following, idOf, numberOf } from "../feed/older.js";
import { matches } from "../values/predicate.js";
import { clockTime, summaryPieces } from "../values/summary.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Json } from "../values/exact.js" */
/** @import { Words } from "../values/legible.js" */
/** @import { Payload, Received } from "../values/received.js" */
/** @import { Condition } from "./explanation.js" */

/** @typedef {{ type: string, id?: string, timestamp?: string, data?: Payload }} Asking an event that is asked about */
/** @typedef {{ conditions: Map<string, Json>[], matches: boolean }} Explanation */
/** @typedef {{ event: Asking, subscription: Asked, title: Words, holds?: boolean | null }} Case */

const NEWEST = 30; // events to choose from

export class Why {
  #dialog;
  #asked = 0; // of the latest opening: an answer to an earlier one comes too late

  constructor(/** @type {HTMLDialogElement} */ dialog) {
    this.#dialog = dialog;
  }

  /** Why, or why not, this event, which `about` describes: one explanation for each subscription. */
  showEvent(
    /** @type {Asking} */ event,
    /** @type {Words} */ about,
    /** @type {Asked[]} */ subscriptions,
    /** @type {Catalog} */ catalog,
  ) {
    this.#open("Why this event?", about);
    this.#say(subscriptions.length ? "" : "You are subscribed to nothing, so nothing asks for it.");
    const titled = (/** @type {Asked} */ { eventTypes }) => labels(eventTypes, (id) => catalog.label(id));
    this.#list(
      subscriptions.map((subscription) => ({ event, subscription, title: titled(subscription) })),
      catalog,
    );
    for (const details of this.#dialog.querySelectorAll("details")) details.open = true;
  }

  /** Why not? The newest events of a subscription's types, each to be opened for its explanation. */
  async showSubscription(/** @type {Asked} */ subscription, /** @type {Catalog} */ catalog) {
    this.#open("Why not?", [
      "The newest events of ",
      ...labels(subscription.eventTypes, (id) => catalog.label(id)),
      ".",
    ]);
    this.#say("Looking…");
    const asked = this.#asked;
    const { events, verdicts, problem } = await judged(subscription).catch((error) => ({
      events: /** @type {Received[]} */ ([]),
      verdicts: new Map(),
      problem: error.message,
    }));
    if (asked !== this.#asked) return;
    this.#say(legible(problem ?? counted(events.length, [...verdicts.values()])));
    const titled = (/** @type {Received} */ event) => [
      `${clockTime(new Date(event.timestamp))} `,
      ...summaryPieces(catalog.type(event.type), event),
    ];
    const cases = events.map((event) => ({
      event,
      subscription,
      title: titled(event),
      holds: verdicts.get(event.id ?? ""),
    }));
    const isMiss = (/** @type {Case} */ { holds }) => holds === false;
    this.#list([...cases.filter(isMiss), ...cases.filter((each) => !isMiss(each))], catalog); // misses are what is asked for
  }

  #open(/** @type {string} */ title, /** @type {Words} */ about) {
    this.#asked += 1;
    write(this.#dialog, { title, about });
    slot(this.#dialog, "cases").replaceChildren();
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  #say(/** @type {string} */ state) {
    write(this.#dialog, { state });
  }

  #list(/** @type {Case[]} */ cases, /** @type {Catalog} */ catalog) {
    const shown = cases.map(({ event, subscription, title, holds = null }) => {
      const details = clone("case-template", HTMLDetailsElement);
      verdict(details, holds);
      write(details, { title });
      details.addEventListener("toggle", () => details.open && explain(details, event, subscription, catalog));
      return details;
    });
    slot(this.#dialog, "cases").replaceChildren(...shown);
  }
}

/**
 * The newest events of a subscription's types, and the server's verdict on each: Map of id and boolean, where known.
 * @returns {Promise<{ events: Received[], verdicts: Map<string, boolean>, problem?: string }>}
 */
async function judged(/** @type {Asked} */ { eventTypes, filters }) {
  const newest = (/** @type {Asked} */ asked) => {
    const parameters = parametersOf(asked);
    parameters.append("limit", String(NEWEST));
    return parameters;
  };
  const { events } = await askForEvents(newest({ eventTypes, filters: {} }));
  if (!events.length) return { events, verdicts: new Map() };
  const parameters = newest({ eventTypes, filters });
  parameters.append("cursor", following(idOf(events[0]))); // of what happened meanwhile, nothing is shown
  const matching = await askForEvents(parameters);
  const ids = new Set(matching.events.map(idOf));
  // A search that takes too long is cut short: what is older than that is told when it is opened.
  const searchedTo = matching.next === null ? -1 : numberOf(matching.next ?? "");
  const known = events.map(idOf).filter((id) => ids.has(id) || numberOf(id) >= searchedTo);
  return { events, verdicts: new Map(known.map((id) => [id, ids.has(id)])) };
}

function counted(/** @type {number} */ events, /** @type {boolean[]} */ verdicts) {
  if (!events) return "None of them has been logged yet.";
  const misses = verdicts.filter((holds) => !holds).length;
  if (misses) return `${misses} of ${events} do not match; they stand first.`;
  return verdicts.length === events ? `All ${events} match.` : "";
}

const VERDICTS = new Map([
  [true, ["✓", "matches"]],
  [false, ["✗", "does not match"]],
  [null, ["?", "open it to ask the server"]],
]);

/** `holds`: null while nobody knows. */
function verdict(/** @type {HTMLElement} */ element, /** @type {boolean | null} */ holds) {
  element.dataset.holds = String(holds);
  const [sign, said] = VERDICTS.get(holds) ?? [];
  write(element, { sign: sign ?? "", verdict: said ?? "" });
}

async function explain(
  /** @type {HTMLDetailsElement} */ details,
  /** @type {Asking} */ event,
  /** @type {Asked} */ subscription,
  /** @type {Catalog} */ catalog,
) {
  if (slot(details, "conditions").childElementCount) return;
  if (!event.id) {
    verdict(details, matches(catalog, subscription, { type: event.type, data: event.data ?? new Map() }));
    const why =
      "Events of this type are not logged, so the server cannot explain this one; this is what the page reckons.";
    write(details, { problem: why });
    return;
  }
  try {
    const answer = await askExactly(`${event.id}/explain`, parametersOf(subscription));
    const { conditions, matches: holds } = /** @type {Explanation} */ (answer);
    verdict(details, holds);
    const rows = conditions.map((condition) =>
      conditionRow(/** @type {Condition} */ (Object.fromEntries(condition)), catalog, event.type),
    );
    slot(details, "conditions").replaceChildren(...rows);
    write(details, { problem: "" });
  } catch (error) {
    write(details, { problem: legible(error.message) });
  }
}

function conditionRow(
  /** @type {Condition} */ condition,
  /** @type {Catalog} */ catalog,
  /** @type {string} */ typeId,
) {
  const row = clone("condition-template");
  verdict(row, condition.matched);
  write(row, inWords(condition, catalog, typeId));
  return row;
}
