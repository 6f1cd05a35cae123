/** What a browser tells a page: it is hidden, shown again, left, or in a network again. */
import { ConnectionLost } from "../client/connection.js";

/** @import { EventClient } from "../client/client.js" */

/**
 * Keeps a connection honest. `keep` stores what a reload resumes from: a browser may end a hidden page without a word.
 * @param {EventClient} client
 * @param {() => void} keep
 */
export function stayWakeful(client, keep) {
  document.addEventListener("visibilitychange", () => {
    keep();
    // After sleep, or in another network, a connection can be dead without knowing: ask.
    if (document.visibilityState === "visible" && client.state === "live") client.ping().catch(unlessLost);
  });
  window.addEventListener("pagehide", keep);
  window.addEventListener("online", () => client.state === "waiting" && client.connect());
}

/** Throws the error again, unless the connection was lost: the next connection asks again. */
export function unlessLost(/** @type {unknown} */ error) {
  if (!(error instanceof ConnectionLost)) throw error;
}
