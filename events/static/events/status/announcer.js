/** Tells screen readers what happened, seldom enough to be listened to. */
import { isolated } from "../values/legible.js";
import { isGrave } from "../values/severities.js";
import { count } from "../values/summary.js";

/** @import { Received } from "../values/received.js" */

const EVERY = 5_000; // ms between two summaries of new events

export class Announcer {
  #region;
  #lineOf;
  #events = 0;
  /** @type {Received[]} */
  #grave = [];

  /** `lineOf(event)` is what is said of the gravest. */
  constructor(/** @type {HTMLElement} */ region, /** @type {(event: Received) => string} */ lineOf) {
    this.#region = region;
    this.#lineOf = lineOf;
    setInterval(() => this.#summarise(), EVERY);
  }

  say(/** @type {string} */ text) {
    this.#region.textContent = text;
  }

  eventArrived(/** @type {Received} */ event) {
    this.#events += 1;
    if (isGrave(event.severity)) this.#grave.push(event);
  }

  #summarise() {
    if (!this.#events) return;
    this.say(`${count(this.#events, "new event")}${this.#graveInWords()}`);
    this.#events = 0;
    this.#grave = [];
  }

  /** How many are critical and how many errors, and what the gravest is; of several, the newest. */
  #graveInWords() {
    const critical = this.#grave.filter(({ severity }) => severity === "critical");
    const errors = this.#grave.length - critical.length;
    const gravest = critical.at(-1) ?? this.#grave.at(-1);
    if (!gravest) return "";
    const counts = [critical.length ? `${critical.length} critical` : "", errors ? count(errors, "error") : ""];
    return `, ${counts.filter(Boolean).join(", ")}: ${isolated(this.#lineOf(gravest))}`;
  }
}
