/** How the connection is: the line in the header, and the bar when it is lost. */
import { slot, write } from "../shared/dom.js";
import { legible } from "../values/legible.js";
import { ago } from "../values/summary.js";

/** @import { Change } from "../client/protocol.js" */

const REFUSED = new Map([
  [4500, "You are not signed in any more."],
  [4501, "The server closed the connection: too many commands were refused."],
  [4503, "Your access has ended: you were signed out, or your rights have changed."],
]);
const SIGN_IN_AFTER = new Set([4500, 4503]);

export class Presence {
  #line;
  #bar;
  /** @type {Change & { since: number }} */
  #state = { state: "connecting", previous: "closed", since: performance.now() };
  /** @type {number | null} */
  #lastEvent = null; // performance.now()
  #isLost = false; // it has been live, and is not now
  #isDrawn = true; // what came can be seen

  /** `onRetry`: connect now. */
  constructor(/** @type {{ line: HTMLElement, bar: HTMLElement, onRetry: () => void }} */ { line, bar, onRetry }) {
    this.#line = line;
    this.#bar = bar;
    line.hidden = false;
    slot(bar, "retry").addEventListener("click", onRetry);
    setInterval(() => this.#show(), 1000);
  }

  eventArrived() {
    const isFirst = this.#lastEvent === null;
    this.#lastEvent = performance.now();
    if (isFirst) this.#show();
  }

  changed(/** @type {Change} */ change) {
    this.#state = { ...change, since: performance.now() };
    this.#isLost = change.state !== "live" && (this.#isLost || change.previous === "live");
    this.#show();
  }

  /** Whether the page manages to show what comes; when it does not, it is not live, however the connection is. */
  drawn(/** @type {boolean} */ isDrawn) {
    if (this.#isDrawn === isDrawn) return;
    this.#isDrawn = isDrawn;
    this.#show();
  }

  #show() {
    const { state, code, reason } = this.#state;
    const reconnecting = state === "waiting" || (state === "connecting" && this.#isLost);
    this.#line.dataset.state = this.#isDrawn ? state : "broken";
    write(this.#line, { text: this.#words(reconnecting), last: this.#lastWords() });
    this.#bar.hidden = !reconnecting && state !== "refused";
    slot(this.#bar, "retry", HTMLButtonElement).disabled = state === "connecting";
    slot(this.#bar, "countdown").hidden = state === "refused";
    const isSignedOut = state === "refused" && SIGN_IN_AFTER.has(code ?? 0);
    document.body.toggleAttribute("data-signed-out", isSignedOut); // and nothing of what was seen stays to be read
    document.body.toggleAttribute("data-lost", state !== "live");
    slot(this.#bar, "sign-in").hidden = !isSignedOut;
    const here = encodeURIComponent(location.pathname + location.search);
    slot(this.#bar, "sign-in", HTMLAnchorElement).search = `?next=${here}`;
    const refused = REFUSED.get(code ?? 0) ?? `The server closed the connection for good: ${legible(reason || code)}.`;
    write(this.#bar, {
      message: state === "refused" ? refused : "The connection is lost; reconnecting.",
      countdown: state === "waiting" ? this.#countdown() : "",
    });
  }

  #words(/** @type {boolean} */ reconnecting) {
    if (reconnecting) return "reconnecting";
    if (!this.#isDrawn) return "this page fails to show events: reload it";
    if (this.#state.state === "live") return "live";
    return this.#state.state === "refused" ? "disconnected" : "connecting";
  }

  #lastWords() {
    if (!this.#isDrawn || this.#state.state !== "live" || this.#lastEvent === null) return "";
    return ` · last event ${ago(performance.now() - this.#lastEvent)}`;
  }

  #countdown() {
    const left = (this.#state.delay ?? 0) - (performance.now() - this.#state.since);
    return left > 1000 ? `Next attempt in ${Math.ceil(left / 1000)} s.` : "";
  }
}
