/** What one needs to send an event by hand, beside `emit` of api.js. */
import { PATH } from "./site.js";

/** Returns a key of one sending: the server takes it once, also if it is tried again because no answer came. */
export function newKey(/** @type {string} */ kind) {
  return `${kind} ${crypto.getRandomValues(new BigUint64Array(2)).join("-")}`; // randomUUID is for HTTPS alone
}

/** Returns a link to the page of an event. */
export function linkTo(/** @type {string} */ id) {
  const link = document.createElement("a");
  link.href = `${PATH}/events/e/${id}`;
  link.textContent = id;
  return link;
}
