/** Which time the feed shows: live, the last hour or day, or between two times, which the chart chooses, too. */
import { slot, write } from "../shared/dom.js";
import { serverNow } from "../time/server_time.js";
import { localInput, zoneName } from "../time/local_time.js";
import { clockTime } from "../values/summary.js";

/** @import { Range } from "../overview/overview.js" */

const HOUR = 3_600_000; // ms
const LASTS = new Map([
  ["hour", HOUR],
  ["day", 24 * HOUR],
]);
const BETWEEN = "between";

export class TimeChoice {
  #root;
  #onChange;
  #select;
  #since;
  #until;

  constructor(/** @type {HTMLElement} */ root, /** @type {(range: Range) => void} */ onChange) {
    this.#root = root;
    this.#onChange = onChange;
    this.#select = slot(root, "time", HTMLSelectElement);
    this.#since = slot(root, "since", HTMLInputElement);
    this.#until = slot(root, "until", HTMLInputElement);
    this.#select.addEventListener("change", () => this.#chosen());
    for (const input of [this.#since, this.#until]) input.addEventListener("change", () => this.#entered());
    slot(root, "live").addEventListener("click", () => onChange({}));
    write(root, { zone: zoneName() });
  }

  show(/** @type {Range} */ { since, until }) {
    const isLive = since === undefined && until === undefined;
    const isLast = since !== undefined && until === undefined && LASTS.has(this.#select.value);
    if (!isLast) this.#select.value = isLive ? "" : BETWEEN;
    const isBetween = this.#select.value === BETWEEN;
    slot(this.#root, "between").hidden = !isBetween;
    this.#root.closest(".feed")?.toggleAttribute("data-between", isBetween);
    slot(this.#root, "live").hidden = isLive;
    const everything = this.#select.options[0].text;
    // The two inputs say which time it is, where they are there.
    write(this.#root, { live: isBetween ? `${everything} ✕` : `${clockTime(new Date(since ?? 0))} – now ✕` });
    const again = everything === "Live" ? "live events" : everything.toLowerCase();
    slot(this.#root, "live").setAttribute("aria-label", `Show ${again} again`);
    this.#since.value = since === undefined ? "" : localInput(new Date(since));
    this.#until.value = until === undefined ? "" : localInput(new Date(until));
  }

  #chosen() {
    const last = LASTS.get(this.#select.value);
    if (last !== undefined) this.#onChange({ since: serverNow() - last });
    else if (this.#select.value === BETWEEN) this.#onChange({ since: serverNow() - HOUR });
    else this.#onChange({});
  }

  #entered() {
    const [since, until] = [this.#since, this.#until].map(({ value }) => (value ? Date.parse(value) : undefined));
    if (since !== undefined && until !== undefined && since >= until) {
      this.#until.setCustomValidity("It ends before it begins.");
      this.#until.reportValidity();
      return;
    }
    this.#until.setCustomValidity("");
    this.#onChange({ since, until });
  }
}
