/** Where the axis of a chart has its ticks, and what they say: at round times of the reader's zone, few enough to be read. */
import { clockTime, minuteTime } from "../values/summary.js";

/** @import { Span } from "./chart.js" */

/** @typedef {{ time: number, share: number, words: string }} Tick `share`: how far along the axis, 0 to 1 */

const MINUTE = 60_000; // ms
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MOST = 6; // ticks
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY),
];
const EDGE = 0.05; // of the axis, where a tick's words would be cut off

/** @returns {Tick[]} */
export function ticksOf(/** @type {Span} */ { since, until }) {
  const length = until - since;
  const step = STEPS.find((each) => length / each <= MOST) ?? length;
  const timeOf = step < MINUTE ? clockTime : minuteTime;
  const zone = zoneOf(since);
  const ticks = [];
  // A day begins at midnight of the reader's clock, also after one of 23 hours or of 25.
  const timeAt = (/** @type {number} */ clock) => clock + (step < DAY ? zone : zoneOf(clock + zone));
  for (let clock = Math.ceil((since - zone) / step) * step; timeAt(clock) <= until; clock += step) {
    const time = timeAt(clock);
    const share = (time - since) / length;
    if (share >= EDGE && share <= 1 - EDGE) ticks.push({ time, share, words: timeOf(new Date(time)) });
  }
  return ticks;
}

/** How far the reader's clock is behind UTC then, in ms. */
const zoneOf = (/** @type {number} */ time) => new Date(time).getTimezoneOffset() * MINUTE;
