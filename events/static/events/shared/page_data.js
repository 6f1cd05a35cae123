/** What the server has written into the page for its scripts. */
import { byId } from "./dom.js";
import { pageWritten } from "../time/server_time.js";

/** @import { Metadata } from "../client/protocol.js" */
/** @import { Views } from "../views/my_views.js" */

/** @typedef {Record<string, string>} Places addresses of pages where the options of a source are added */

/**
 * @typedef {object} PageData
 * @property {number} viewer who is signed in
 * @property {number} now when the server wrote the page, in ms since the epoch
 * @property {Metadata} metadata
 */

/**
 * @typedef {object} LiveData on /events and on the page “History”, moreover
 * @property {boolean} may_emit whether this person may emit events of the types that may come from outside
 * @property {Views} views
 * @property {{ options: Places }} places
 */

/**
 * @typedef {object} EventData on the page of an event, moreover
 * @property {{ type: string, id: string, timestamp: string, data: string }} event `data` is its JSON
 * @property {boolean} may_emit whether this person may emit one like it
 */

/** @returns {PageData & LiveData & EventData} */
export function pageData() {
  const data = JSON.parse(byId("page-data").textContent ?? "");
  pageWritten(data.now);
  return data;
}
