/**
 * Waits until the page is on the screen: to start takes JavaScript as long as all the painting, and the browser would do
 * that first. Whoever has views, or an address with a choice, does not wait, since the page looks otherwise once they are
 * shown. Nor does a page in the background, which is not painted.
 */
import { pageData } from "./page_data.js";
import { stored } from "./stored.js";

const LONGEST = 300; // ms, where a browser does not tell

const { viewer, views } = pageData();
const isAsWritten = !views.own.length && !stored(viewer).subscriptions.length && !location.search;

if (isAsWritten && !document.hidden) {
  await new Promise((resolve) => {
    new PerformanceObserver(resolve).observe({ type: "paint", buffered: true });
    setTimeout(resolve, LONGEST);
  });
}
