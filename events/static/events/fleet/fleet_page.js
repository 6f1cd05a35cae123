/** The page “Fleet”: read without JavaScript, with it kept up to date, in one's own time, and grey when it is not. */
import { callEach, report } from "../client/failures.js";
import { byId } from "../shared/dom.js";
import { inLocalTime } from "../time/local_time.js";

const EVERY = 5_000; // ms
const main = byId("main");

callEach(
  () => inLocalTime(main),
  () => keepUp(),
);

function keepUp() {
  setTimeout(async () => {
    try {
      if (!document.hidden) await renew();
    } catch (error) {
      report(error);
    }
    keepUp();
  }, EVERY);
}

/** Whether somebody is about to press something, or goes from row to row by keys: nothing moves under the hand. */
function isInUse() {
  return main.querySelector(":is(#fleet, #states) :is(form:hover, a:hover, :focus)") !== null;
}

async function renew() {
  const fresh = await ask();
  byId("as-of").classList.toggle("stale", !fresh);
  if (!fresh || isInUse()) return;
  const scrolled = document.querySelector(".sheet")?.scrollLeft ?? 0;
  for (const id of ["fleet", "states", "as-of", "fleet-link"]) {
    const part = fresh.getElementById(id);
    const shown = document.getElementById(id);
    if (!part || !shown) continue; // without servers there are no states
    inLocalTime(part);
    shown.replaceWith(document.adoptNode(part));
  }
  document.querySelector(".sheet")?.scrollTo({ left: scrolled });
  document.title = fresh.title;
}

/** Returns the page as it is now; nothing when the server does not answer. Signed out, one is asked to sign in. */
async function ask() {
  try {
    const answer = await fetch(location.href, { headers: { "X-Eventhub-Poll": "1" }, redirect: "manual" });
    if (answer.type === "opaqueredirect") location.reload();
    if (!answer.ok) return undefined;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return undefined; // what is shown stays, and says of when it is
  }
}
