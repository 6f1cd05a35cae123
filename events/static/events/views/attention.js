/** Calls somebody who looks elsewhere: by desktop notification, sound and a mark on the icon, as each view asks for. */
import { byId, first } from "../shared/dom.js";
import { SEVERITIES } from "../values/severities.js";
import { count } from "../values/summary.js";

/** @import { Received } from "../values/received.js" */
/** @import { Entry } from "./entry.js" */

const COALESCED_FOR = 5_000; // ms; however many come, it calls once in so long
const TONE = { frequency: 660, length: 0.25, volume: 0.08 }; // Hz, s, of 1

/**
 * @typedef {object} Callbacks
 * @property {(entry: Entry) => string} name
 * @property {(event: Received) => string} line
 */

export class Attention {
  #callbacks;
  #icon = first(document, "link[rel=icon]", HTMLLinkElement);
  #plain = this.#icon.href;
  /** @type {Map<Entry, Received[]>} */
  #waiting = new Map();
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  #isFirst = true; // since somebody looked: it calls at once
  /** @type {AudioContext | null} */
  #audio = null;

  constructor(/** @type {Callbacks} */ callbacks) {
    this.#callbacks = callbacks;
    document.addEventListener("visibilitychange", () => document.hidden || this.#looked());
  }

  /** Asks the browser for what an alert needs, while somebody has just chosen it. Resolves with why it cannot be. */
  async prepare(/** @type {string} */ alert) {
    if (alert === "sound") this.#audio ??= new AudioContext();
    if (alert !== "desktop") return "";
    if (!("Notification" in window)) return "This browser has no desktop notifications for this page; they need https.";
    const answer = await Notification.requestPermission();
    return answer === "granted" ? "" : "The browser does not allow notifications for this page; its settings can.";
  }

  eventArrived(/** @type {Entry} */ entry, /** @type {Received} */ event) {
    if (!document.hidden || entry.isMuted || !entry.alerts.length) return;
    this.#waiting.set(entry, [...(this.#waiting.get(entry) ?? []), event]);
    this.#timer ??= setTimeout(() => this.#call(), this.#isFirst ? 0 : COALESCED_FOR);
    this.#isFirst = false;
  }

  #call() {
    this.#timer = null;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    if (!document.hidden || !waiting.length) return;
    const asks = (/** @type {string} */ alert) => waiting.filter(([entry]) => entry.alerts.includes(alert));
    if (asks("badge").length) this.#icon.href = byId("badge").dataset.icon ?? this.#plain;
    if (asks("sound").length) this.#sound();
    for (const [entry, events] of asks("desktop")) this.#notify(entry, events);
  }

  #notify(/** @type {Entry} */ entry, /** @type {Received[]} */ events) {
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    const gravest = events.reduce((one, other) => (rank(other) > rank(one) ? other : one));
    const body = `${gravest.severity}: ${this.#callbacks.line(gravest)}`;
    const title = `${this.#callbacks.name(entry)}: ${count(events.length, "event")}`;
    const notification = new Notification(title, { body, tag: `eventhub ${entry.view?.id}` });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  }

  #sound() {
    const audio = (this.#audio ??= new AudioContext());
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    volume.gain.value = TONE.volume;
    tone.frequency.value = TONE.frequency;
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + TONE.length);
  }

  #looked() {
    this.#isFirst = true;
    this.#waiting.clear();
    this.#icon.href = this.#plain;
  }
}

function rank(/** @type {Received} */ { severity }) {
  return SEVERITIES.indexOf(severity);
}
