/** What happened while its user was away: counted for each view, since the page was last before them. */
import { ApiProblem, ask, parametersOf } from "../shared/api.js";
import { joined, slot, write } from "../shared/dom.js";
import { serverNow } from "../time/server_time.js";
import { outside } from "../values/legible.js";
import { SEVERITIES, isGrave } from "../values/severities.js";
import { ago, count, grouped } from "../values/summary.js";
import { namesOf } from "./cards.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Entry } from "./entry.js" */
/** @import { MyViews } from "./my_views.js" */
/** @import { Words } from "../values/legible.js" */

const AWAY = 60_000; // ms; a shorter absence is none
const LONGEST = 7 * 24 * 3_600_000; // ms; nobody reads more numbers than of a week

/** @typedef {{ parts: Record<string, number>[] }} Counts */

export async function sinceAway(
  /** @type {MyViews} */ { entries },
  /** @type {() => Catalog} */ catalog,
  /** @type {HTMLElement} */ line,
) {
  slot(line, "dismiss").addEventListener("click", () => (line.hidden = true));
  const now = serverNow();
  const left = entries.filter(({ view, isPaused }) => view?.seen && !isPaused && now - Date.parse(view.seen) > AWAY);
  /** @type {Words[]} */
  const found = [];
  for (const entry of left) {
    const words = inWords(await countsOf(entry, now));
    if (words) found.push(left.length > 1 ? [outside(namesOf(entry, catalog())), ": ", words] : words);
  }
  if (!found.length) return;
  const longest = Math.max(...left.map(({ view }) => now - Date.parse(view?.seen ?? "")));
  write(line, { text: [`Since you were away (you left ${ago(longest)}): `, ...joined(found, " · "), "."] });
  line.hidden = false;
}

/** @returns {Promise<Record<string, number>>} */
async function countsOf(/** @type {Entry} */ entry, /** @type {number} */ now) {
  const parameters = parametersOf(entry);
  const since = Math.max(Date.parse(entry.view?.seen ?? ""), now - LONGEST);
  parameters.append("since", new Date(since).toISOString());
  try {
    /** @type {Counts} */
    const { parts } = await ask("counts", parameters);
    return parts[0];
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return {}; // an offer, no promise
  }
}

/** “1 critical, 3 errors”; where there is nothing grave, how many; nothing where there is none. */
export function inWords(/** @type {Record<string, number>} */ counts) {
  const all = SEVERITIES.reduce((sum, severity) => sum + (counts[severity] ?? 0), 0);
  const grave = SEVERITIES.filter((severity) => isGrave(severity) && counts[severity])
    .reverse()
    .map((severity) =>
      severity === "critical" ? `${grouped(counts[severity])} critical` : count(counts[severity], severity),
    );
  if (grave.length) return `${grave.join(", ")}, of ${count(all, "event")}`;
  return all ? count(all, "event") : "";
}
