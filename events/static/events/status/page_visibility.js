/** What a browser tells a page: it is hidden, shown again, left, or in a network again. */
import { ConnectionLost } from "../client/connection.js";

/** @import { EventClient } from "../client/client.js" */

/**
 * Keeps a connection honest. `keep` stores what a reload resumes from: a browser may end a hidden page without a word.
 * @param {EventClient} client
 * @param {{ keep: () => void, onLeft: () => void, onBack: () => void }} callbacks nobody, or somebody, looks at the page
 */
export function followVisibility(client, { keep, onLeft, onBack }) {
  document.addEventListener("visibilitychange", () => {
    const isVisible = document.visibilityState === "visible";
    keep();
    if (isVisible) onBack();
    else onLeft();
    // After sleep, or in another network, a connection can be dead without knowing: ask.
    if (isVisible && client.state === "live") client.ping().catch(unlessLost);
  });
  window.addEventListener("pagehide", keep);
  window.addEventListener("online", () => client.state === "waiting" && client.connect());
}

/** Throws the error again, unless the connection was lost: the next connection asks again. */
export function unlessLost(/** @type {unknown} */ error) {
  if (!(error instanceof ConnectionLost)) throw error;
}
