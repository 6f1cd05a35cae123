/** Times that the server wrote in UTC, in the zone of whoever reads them; UTC is shown on pointing at one. */
import { clockTime, dateAndTime, utcTime } from "../values/summary.js";

const WRITTEN = /^\s*(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{3})?) UTC\s*$/;

/** “Pacific/Auckland (GMT+13)”. */
export function zoneName(date = new Date()) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "shortOffset" }).formatToParts(date);
  const offset = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return timeZone === "UTC" ? timeZone : `${timeZone} (${offset})`;
}

/** A row's time is its clock's; one with `data-full` is written with its date. */
export function inLocalTime(/** @type {HTMLElement} */ root) {
  /** @type {NodeListOf<HTMLTimeElement>} */
  const times = root.querySelectorAll("time[datetime]");
  for (const time of times) {
    const date = new Date(time.dateTime);
    time.textContent = "full" in time.dataset ? dateAndTime(date, time.dataset.full === "ms") : clockTime(date);
    time.title = `${utcTime(date, true)} UTC`;
  }
}

/** The same for times that stand as plain text, alone in their element, as Django's admin writes them. */
export function textInLocalTime(/** @type {HTMLElement} */ root) {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const written = WRITTEN.exec(text.nodeValue ?? "");
    if (written) found.push({ text, moment: `${written[1]}T${written[2]}Z` });
  }
  for (const { text, moment } of found) {
    const time = document.createElement("time");
    time.dateTime = moment;
    time.dataset.full = moment.includes(".") ? "ms" : "";
    text.parentNode?.replaceChild(time, text);
  }
  inLocalTime(root);
}

/** What an input for a local time has for a moment; to the second, or finer where the moment is. */
export function localInput(/** @type {Date} */ date) {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  return local.replace(/(\.000)?Z$/, "");
}
