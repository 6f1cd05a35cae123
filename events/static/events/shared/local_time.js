/** Times that the server wrote in UTC, in the zone of whoever reads them, which is said. */
import { clockTime, fullTime } from "../values/summary.js";

/** “Pacific/Auckland (GMT+13)”. */
export function zoneName(date = new Date()) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "shortOffset" }).formatToParts(date);
  const offset = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return timeZone === "UTC" ? timeZone : `${timeZone} (${offset})`;
}

/** A row's time is its clock's, with the rest on pointing at it; one with `data-full` is written with date and zone. */
export function inLocalTime(/** @type {HTMLElement} */ root) {
  /** @type {NodeListOf<HTMLTimeElement>} */
  const times = root.querySelectorAll("time[datetime]");
  for (const time of times) {
    const date = new Date(time.dateTime);
    time.textContent = "full" in time.dataset ? fullTime(date) : clockTime(date);
    time.title = fullTime(date);
  }
}

/** What an input for a local time has for a moment; to the second, or finer where the moment is. */
export function localInput(/** @type {Date} */ date) {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return local.replace(/(\.000)?Z$/, "");
}
