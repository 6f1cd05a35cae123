/** What the server has written into the page for its scripts. */
import { byId } from "./dom.js";

/** @import { Metadata } from "../client/protocol.js" */

/** @typedef {Record<string, string>} Places addresses of pages where the options of a source are added */

/**
 * @typedef {object} PageData
 * @property {number} viewer who is signed in
 * @property {Metadata} metadata
 */

/**
 * @typedef {object} LiveData on /events, moreover
 * @property {string} socket the path of the WebSocket
 * @property {string[]} emittable ids of the event types that this person may emit for a try
 * @property {{ options: Places, test: string | null }} places `test`: where an event is emitted for a try, with "TYPE" in
 *   place of the type
 */

/** @returns {PageData & LiveData} */
export function pageData() {
  return JSON.parse(byId("page-data").textContent ?? "");
}
