/**
 * What the time is for the server. The clock of this machine may be wrong, and how old an event is hangs on it. The page
 * says when the server wrote it; each answer has the server's time, too, to the second.
 */

const ROUGH = 2_000; // ms: `Date` has whole seconds, and a server may write it once a second

let ahead = 0; // ms that the server's clock is ahead of this machine's

export function serverNow() {
  return Date.now() + ahead;
}

/** The page was written at this time of the server, in ms. */
export function pageWritten(/** @type {number | undefined} */ time) {
  const [page] = performance.getEntriesByType("navigation");
  if (time === undefined || !(page instanceof PerformanceNavigationTiming)) return;
  ahead = time - (Date.now() - (performance.now() - page.responseStart));
}

/** An answer has come that was asked for at `asked`, ms of this machine's clock. Mends what its time shows to be wrong. */
export function answerCame(/** @type {number} */ asked, /** @type {Headers} */ headers) {
  const time = Date.parse(headers.get("Date") ?? "");
  if (Number.isNaN(time)) return;
  ahead = Math.min(Math.max(ahead, time - Date.now()), time + ROUGH - asked);
}
