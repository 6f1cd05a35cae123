/** How old the events of a list are. One clock for all rows, which writes only the ages that have become others. */
import { say } from "../shared/dom.js";
import { age } from "../values/summary.js";

const EVERY = 1_000; // ms

/** Keeps the ages of these rows true while the page is looked at. */
export function keepAges(/** @type {HTMLElement} */ list) {
  setInterval(() => document.hidden || showAges(list.getElementsByClassName("row")), EVERY);
}

export function showAges(/** @type {Iterable<Element>} */ rows) {
  const now = Date.now();
  for (const row of rows) {
    const shown = row.querySelector(".age");
    if (shown instanceof HTMLElement) say(shown, age(now - Number(shown.dataset.of)));
  }
}
