/** Tells screen readers what happened, seldom enough to be listened to. */
import { count } from "../values/summary.js";

const EVERY = 5_000; // ms between two summaries of new events
const GRAVE = new Set(["error", "critical"]);

export class Announcer {
  #region;
  #events = 0;
  #grave = 0;

  constructor(region) {
    this.#region = region;
    setInterval(() => this.#summarise(), EVERY);
  }

  say(text) {
    this.#region.textContent = text;
  }

  eventArrived(event) {
    this.#events += 1;
    if (GRAVE.has(event.severity)) this.#grave += 1;
  }

  #summarise() {
    if (!this.#events) return;
    const grave = this.#grave ? `, ${count(this.#grave, "error")}` : "";
    this.say(`${count(this.#events, "new event")}${grave}`);
    this.#events = this.#grave = 0;
  }
}
