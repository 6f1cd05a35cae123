/** The dialog that tells, condition by condition, why an event is, or is not, what a subscription asks for. */
import { ask, parametersOf } from "./api.js";
import { clone, slot, write } from "./dom.js";
import { inWords } from "./explanation.js";
import { matches } from "./predicate.js";
import { clockTime, summaryLine } from "./summary.js";

const NEWEST = 30; // events to choose from

export class Why {
  #dialog;
  #asked = 0; // of the latest opening: an answer to an earlier one comes too late

  constructor(dialog) {
    this.#dialog = dialog;
  }

  /** Why, or why not, this event: one explanation for each subscription. */
  showEvent(event, subscriptions, catalog) {
    this.#open("Why this event?", summaryLine(catalog.type(event.type), event));
    this.#say(subscriptions.length ? "" : "You are subscribed to nothing, so nothing asks for it.");
    const titled = (subscription) => subscription.eventTypes.map((id) => catalog.label(id)).join(", ");
    this.#list(subscriptions.map((subscription) => ({ event, subscription, title: titled(subscription) })), catalog);
    for (const details of this.#dialog.querySelectorAll("details")) details.open = true;
  }

  /** Why not? The newest events of a subscription's types, each to be opened for its explanation. */
  async showSubscription(subscription, catalog) {
    const { eventTypes } = subscription;
    this.#open("Why not?", `The newest events of ${eventTypes.map((id) => catalog.label(id)).join(", ")}.`);
    this.#say("Looking…");
    const asked = this.#asked;
    const parameters = parametersOf({ eventTypes, filters: {} });
    parameters.append("limit", NEWEST);
    const { events, problem } = await ask("", parameters).catch((error) => ({ events: [], problem: error.message }));
    if (asked !== this.#asked) return;
    this.#say(problem ?? (events.length ? "" : "None of them has been logged yet."));
    const titled = (event) => `${clockTime(new Date(event.timestamp))} ${summaryLine(catalog.type(event.type), event)}`;
    this.#list(events.map((event) => ({ event, subscription, title: titled(event) })), catalog);
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
    const shown = cases.map(({ event, subscription, title }) => {
      const details = clone("case-template");
      verdict(details, matches(catalog, subscription, event));
      write(details, { title });
      details.addEventListener("toggle", () => details.open && explain(details, event, subscription, catalog));
      return details;
    });
    slot(this.#dialog, "cases").replaceChildren(...shown);
  }
}

function verdict(element, holds) {
  element.dataset.holds = String(holds);
  write(element, { sign: holds ? "✓" : "✗", verdict: holds ? "matches" : "does not match" });
}

async function explain(details, event, subscription, catalog) {
  if (slot(details, "conditions").childElementCount) return;
  if (!event.id) {
    write(details, { problem: "Events of this type are not logged, so the server cannot explain this one." });
    return;
  }
  try {
    const { conditions, matches: holds } = await ask(`${event.id}/explain`, parametersOf(subscription));
    verdict(details, holds);
    const rows = conditions.map((condition) => conditionRow(condition, catalog, event.type));
    slot(details, "conditions").replaceChildren(...rows);
    write(details, { problem: "" });
  } catch (error) {
    write(details, { problem: error.message });
  }
}

function conditionRow(condition, catalog, typeId) {
  const row = clone("condition-template");
  verdict(row, condition.matched);
  write(row, inWords(condition, catalog, typeId));
  return row;
}
