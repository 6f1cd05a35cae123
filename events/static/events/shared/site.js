/** Where the site is: below a path, if it shares its host with others. */

/** "" or, for example, "/eventhub"; "" where there is no page, as in tests */
export const PATH = globalThis.document?.documentElement.dataset.path ?? "";
/** Such as "http://localhost:8090", or "https://example.org/eventhub". */
export const SITE = (globalThis.location?.origin ?? "") + PATH;
/** Where events come from, and where they are sent to. */
export const ADDRESSES = { site: SITE, socket: `${SITE.replace(/^http/, "ws")}/ws/events` };
