/** The dialog that tells, condition by condition, why an event is, or is not, what a subscription asks for. */
import { askExactly, askForEvents, parametersOf } from "../shared/api.js";
import { clone, slot, write } from "../shared/dom.js";
import { inWords } from "./explanation.js";
import { labels } from "../values/labels.js";
import { legible } from "../values/legible.js";
import { following, numberOf } from "../feed/older.js";
import { matches } from "../values/predicate.js";
import { clockTime, summaryPieces } from "../values/summary.js";

const NEWEST = 30; // events to choose from

export class Why {
  #dialog;
  #asked = 0; // of the latest opening: an answer to an earlier one comes too late

  constructor(dialog) {
    this.#dialog = dialog;
  }

  /** Why, or why not, this event, which `about` describes: one explanation for each subscription. */
  showEvent(event, about, subscriptions, catalog) {
    this.#open("Why this event?", about);
    this.#say(subscriptions.length ? "" : "You are subscribed to nothing, so nothing asks for it.");
    const titled = ({ eventTypes }) => labels(eventTypes, (id) => catalog.label(id));
    this.#list(
      subscriptions.map((subscription) => ({ event, subscription, title: titled(subscription) })),
      catalog,
    );
    for (const details of this.#dialog.querySelectorAll("details")) details.open = true;
  }

  /** Why not? The newest events of a subscription's types, each to be opened for its explanation. */
  async showSubscription(subscription, catalog) {
    this.#open("Why not?", [
      "The newest events of ",
      ...labels(subscription.eventTypes, (id) => catalog.label(id)),
      ".",
    ]);
    this.#say("Looking…");
    const asked = this.#asked;
    const { events, verdicts, problem } = await judged(subscription).catch((error) => ({
      events: [],
      verdicts: new Map(),
      problem: error.message,
    }));
    if (asked !== this.#asked) return;
    this.#say(legible(problem ?? (events.length ? "" : "None of them has been logged yet.")));
    const titled = (event) => [
      `${clockTime(new Date(event.timestamp))} `,
      ...summaryPieces(catalog.type(event.type), event),
    ];
    const cases = events.map((event) => ({ event, subscription, title: titled(event), holds: verdicts.get(event.id) }));
    this.#list(cases, catalog);
  }

  #open(title, about) {
    this.#asked += 1;
    write(this.#dialog, { title, about });
    slot(this.#dialog, "cases").replaceChildren();
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  #say(state) {
    write(this.#dialog, { state });
  }

  #list(cases, catalog) {
    const shown = cases.map(({ event, subscription, title, holds = null }) => {
      const details = clone("case-template");
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
 * @returns {Promise<{ events: any[], verdicts: Map<string, boolean>, problem?: string }>}
 */
async function judged({ eventTypes, filters }) {
  const newest = (asked) => {
    const parameters = parametersOf(asked);
    parameters.append("limit", String(NEWEST));
    return parameters;
  };
  const { events } = await askForEvents(newest({ eventTypes, filters: {} }));
  if (!events.length) return { events, verdicts: new Map() };
  const parameters = newest({ eventTypes, filters });
  parameters.append("cursor", following(events[0].id)); // of what happened meanwhile, nothing is shown
  const matching = await askForEvents(parameters);
  const ids = new Set(matching.events.map(({ id }) => id));
  // A search that takes too long is cut short: what is older than that is told when it is opened.
  const searchedTo = matching.next === null ? -1 : numberOf(matching.next);
  const known = events.filter(({ id }) => ids.has(id) || numberOf(id) >= searchedTo);
  return { events, verdicts: new Map(known.map(({ id }) => [id, ids.has(id)])) };
}

/** `holds`: null while nobody knows. */
function verdict(element, holds) {
  element.dataset.holds = String(holds);
  const words = { true: ["✓", "matches"], false: ["✗", "does not match"], null: ["?", "open it to ask the server"] };
  const [sign, said] = words[String(holds)];
  write(element, { sign, verdict: said });
}

async function explain(details, event, subscription, catalog) {
  if (slot(details, "conditions").childElementCount) return;
  if (!event.id) {
    verdict(details, matches(catalog, subscription, event));
    const why =
      "Events of this type are not logged, so the server cannot explain this one; this is what the page reckons.";
    write(details, { problem: why });
    return;
  }
  try {
    const { conditions, matches: holds } = await askExactly(`${event.id}/explain`, parametersOf(subscription));
    verdict(details, holds);
    const rows = conditions.map((condition) => conditionRow(Object.fromEntries(condition), catalog, event.type));
    slot(details, "conditions").replaceChildren(...rows);
    write(details, { problem: "" });
  } catch (error) {
    write(details, { problem: legible(error.message) });
  }
}

function conditionRow(condition, catalog, typeId) {
  const row = clone("condition-template");
  verdict(row, condition.matched);
  write(row, inWords(condition, catalog, typeId));
  return row;
}
