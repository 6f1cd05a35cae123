/** Tells screen readers what happened, seldom enough to be listened to. */
import { isGrave } from "../values/severities.js";
import { count } from "../values/summary.js";

/** @import { Received } from "../values/received.js" */

const EVERY = 5_000; // ms between two summaries of new events

export class Announcer {
  #region;
  #events = 0;
  #grave = 0;

  constructor(/** @type {HTMLElement} */ region) {
    this.#region = region;
    setInterval(() => this.#summarise(), EVERY);
  }

  say(/** @type {string} */ text) {
    this.#region.textContent = text;
  }

  eventArrived(/** @type {Received} */ event) {
    this.#events += 1;
    if (isGrave(event.severity)) this.#grave += 1;
  }

  #summarise() {
    if (!this.#events) return;
    const grave = this.#grave ? `, ${count(this.#grave, "error")}` : "";
    this.say(`${count(this.#events, "new event")}${grave}`);
    this.#events = this.#grave = 0;
  }
}
