/** Numbers and chart of what is watched: the last hour against the one before, or a range that was chosen. */
import { ApiProblem, ask, parametersOf } from "../shared/api.js";
import { byId, say, slot, write } from "../shared/dom.js";
import { serverNow } from "../time/server_time.js";
import { isGrave } from "../values/severities.js";
import { ago, count, grouped } from "../values/summary.js";
import { divided } from "../builder/room.js";
import { Chart } from "./chart.js";
import { BARS, Volume, added, total } from "./volume.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Span } from "./chart.js" */
/** @import { Counts } from "./volume.js" */

/** @typedef {{ since?: number, until?: number }} Range ms since the epoch; without an end it goes on */

/** @typedef {{ length: number, words: string, before: string }} Recent what is counted while no range is chosen; ms */

const HOUR = 3_600_000; // ms
/** @type {Recent} */
const LAST_HOUR = { length: HOUR, words: "last hour", before: "the hour before" };
/** @type {Recent} */
export const LAST_DAY = { length: 24 * HOUR, words: "last 24 hours", before: "the 24 hours before" };
const SHOWN_EVERY = 1_000; // ms
const COUNTED_EVERY = 60_000; // ms, anew by the server
const SETTLED_AFTER = 200; // ms without another change

export class Overview {
  #catalog;
  #chart;
  #recent;
  #volume = new Volume();
  #numbers = byId("numbers");
  #root = byId("chart");
  /** @type {Asked[]} */
  #asks = [];
  /** @type {Range} */
  #range = {};
  #more = "";
  #key = "";
  #isComplete = true;
  /** @type {number | null} */
  #lastCritical = null; // ms since the epoch
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #round = 0; // of counting; an older one is forgotten
  /** @type {[severity: string, time: number][] | null} */
  #meanwhile = null; // what has come while the server counts

  constructor(
    /** @type {{ catalog: () => Catalog, onChosen: (span: Span) => void, recent?: Recent }} */
    { catalog, onChosen, recent = LAST_HOUR },
  ) {
    this.#catalog = catalog;
    this.#recent = recent;
    this.#chart = new Chart(this.#root, onChosen);
    setInterval(() => this.#show(), SHOWN_EVERY);
    setInterval(() => document.hidden || this.#count(), COUNTED_EVERY);
  }

  /** `asks`: what the views that are shown ask for. `more`: parameters that narrow it. */
  update(/** @type {Asked[]} */ asks, /** @type {Range} */ range, more = "") {
    const key = JSON.stringify([asks, range, more]);
    if (key === this.#key) return;
    this.#key = key;
    this.#asks = asks;
    this.#range = range;
    this.#more = more;
    this.#takePlace();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#count(), SETTLED_AFTER);
  }

  add(/** @type {Received} */ event) {
    const time = Date.parse(event.timestamp);
    this.#volume.add(event.severity, time);
    this.#meanwhile?.push([event.severity, time]);
    if (event.severity === "critical") this.#lastCritical = Math.max(this.#lastCritical ?? 0, time);
  }

  async #count() {
    this.#round += 1;
    const round = this.#round;
    this.#meanwhile = [];
    const end = this.#range.until ?? serverNow();
    const length = this.#range.since === undefined ? this.#recent.length : Math.max(end - this.#range.since, 2 * BARS);
    let parts = /** @type {Counts[]} */ (Array.from({ length: 2 * BARS }, () => ({})));
    let isComplete = true;
    for (const asked of distinct(this.#asks, this.#catalog())) {
      const parameters = new URLSearchParams([...parametersOf(asked), ...new URLSearchParams(this.#more)]);
      parameters.append("since", new Date(end - 2 * length).toISOString());
      parameters.append("until", new Date(end).toISOString());
      parameters.append("parts", String(2 * BARS));
      try {
        const counted = await ask("counts", parameters);
        parts = parts.map((part, place) => added(part, counted.parts[place]));
        isComplete &&= counted.complete;
      } catch (error) {
        if (!(error instanceof ApiProblem)) {
          this.#meanwhile = null;
          throw error;
        }
        isComplete = false;
      }
      if (round !== this.#round) return;
    }
    this.#volume.set(end - 2 * length, end, parts, this.#range.until === undefined);
    for (const [severity, time] of this.#meanwhile ?? []) if (time >= end) this.#volume.add(severity, time);
    this.#meanwhile = null;
    this.#isComplete = isComplete;
    this.#show();
  }

  /** At once, so that what is below does not move when all is counted. */
  #takePlace() {
    this.#root.hidden = this.#numbers.hidden = !this.#asks.length;
  }

  #show() {
    if (!this.#asks.length || document.hidden) return;
    const { bars, span, counts, countsBefore } = this.#volume;
    this.#chart.show(bars, span);
    const isChosen = this.#range.since !== undefined || this.#range.until !== undefined;
    const time = isChosen ? "in this time" : this.#recent.words;
    const before = isChosen ? "the time before" : this.#recent.before;
    const critical = counts.critical ?? 0;
    const least = this.#isComplete ? "" : "at least ";
    const comparison = (/** @type {(counts: Counts) => number} */ of) =>
      this.#isComplete ? compared(of(counts), of(countsBefore), before) : "too many to count all";
    write(this.#numbers, {
      "events-label": `Events, ${time}`,
      events: least + grouped(total(counts)),
      "events-before": comparison(total),
      errors: least + grouped(grave(counts)),
      "errors-before": comparison(grave),
      critical: this.#lastCritical === null ? grouped(critical) : ago(serverNow() - this.#lastCritical),
      "critical-label": this.#lastCritical === null ? `Critical, ${time}` : "Last critical",
    });
    this.#numbers.dataset.grave = String(grave(counts) > 0);
    const by = Object.entries(counts)
      .filter(([, number]) => number)
      .reverse();
    const words = by.map(([severity, number]) => `${grouped(number)} ${severity}`).join(", ");
    say(slot(this.#root, "words"), `${count(total(counts), "event")} ${time}${words && ` (${words})`}.`);
  }
}

/**
 * What is asked for without filters is asked for together, and once; a filter within it adds nothing.
 * @returns {Asked[]}
 */
function distinct(/** @type {Asked[]} */ asks, /** @type {Catalog} */ catalog) {
  const isWide = (/** @type {Asked} */ { filters }) => Object.keys(filters).length === 0;
  const wide = [...new Set(asks.filter(isWide).flatMap(({ eventTypes }) => eventTypes))];
  const narrow = asks
    .filter((asked) => !isWide(asked))
    .flatMap((asked) => divided(within(asked, wide, catalog), catalog))
    .filter(({ eventTypes }) => eventTypes.length);
  return [...divided({ eventTypes: wide, filters: {} }, catalog), ...narrow].filter((each) => each.eventTypes.length);
}

/** What of it is not asked for anyway, with the filters that bind the rest. */
function within(/** @type {Asked} */ asked, /** @type {string[]} */ wide, /** @type {Catalog} */ catalog) {
  const eventTypes = asked.eventTypes.filter((id) => !wide.includes(id) && catalog.type(id));
  const offered = new Set(catalog.filters(eventTypes).map(({ name }) => name));
  const filters = Object.fromEntries(Object.entries(asked.filters).filter(([name]) => offered.has(name)));
  return { eventTypes, filters };
}

function grave(/** @type {Counts} */ counts) {
  return Object.entries(counts).reduce((sum, [severity, number]) => sum + (isGrave(severity) ? number : 0), 0);
}

function compared(/** @type {number} */ now, /** @type {number} */ then, /** @type {string} */ before) {
  if (now === then) return `as in ${before}`;
  return now > then ? `▲ ${grouped(now - then)} more than ${before}` : `▼ ${grouped(then - now)} fewer than ${before}`;
}
