/**
 * How old the events of a list are, and of which day. One clock for all rows, which writes only what has become another
 * thing.
 */
import { say } from "../shared/dom.js";
import { serverNow } from "./server_time.js";
import { age, clockTime, isSameDay } from "../values/summary.js";

const EVERY = 1_000; // ms

/** Keeps the ages and times of these rows true while the page is looked at. */
export function keepAges(/** @type {HTMLElement} */ list) {
  let day = new Date(serverNow());
  setInterval(() => {
    if (document.hidden) return;
    const rows = list.getElementsByClassName("row");
    showAges(rows);
    const today = new Date(serverNow());
    if (isSameDay(day, today)) return;
    day = today;
    for (const row of rows) {
      const time = row.querySelector("time");
      if (time) showTime(time);
    }
    makeRoom(list);
  }, EVERY);
}

function showAges(/** @type {Iterable<Element>} */ rows) {
  const now = serverNow();
  for (const row of rows) {
    const shown = row.querySelector(".age");
    if (shown instanceof HTMLElement) say(shown, age(now - Number(shown.dataset.of)));
  }
}

/** Gives all rows of a list the width that a date needs, if one of them has a date. */
export function makeRoom(/** @type {HTMLElement} */ list) {
  list.parentElement?.toggleAttribute("data-dated", list.querySelector("time[data-dated]") !== null);
}

/** Writes a row's time, with its date if that is another day. */
export function showTime(/** @type {HTMLTimeElement} */ time) {
  const date = new Date(time.dateTime);
  const today = new Date(serverNow());
  say(time, clockTime(date, today));
  time.toggleAttribute("data-dated", !isSameDay(date, today));
}
