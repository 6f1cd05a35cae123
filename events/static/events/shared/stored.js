/** The subscriptions of this browser tab and how far it has come, kept over a reload, apart for each user. */

/** @import { Asked } from "../client/protocol.js" */

/** @typedef {number | string} Viewer the id of who is signed in */

const keyOf = (/** @type {Viewer} */ viewer) => `eventhub.subscriptions.${viewer}`;

/**
 * Returns what `store` has kept, or that there is nothing.
 * @param {Viewer} viewer
 * @param {Pick<Storage, "getItem">} storage
 * @returns {{ position: string | null, subscriptions: Asked[] }}
 */
export function stored(viewer, storage = sessionStorage) {
  try {
    const { position, subscriptions } = JSON.parse(storage.getItem(keyOf(viewer)) ?? "");
    return { position: typeof position === "string" ? position : null, subscriptions: subscriptions.map(asked) };
  } catch {
    return { position: null, subscriptions: [] }; // nothing stored, switched off, or not what `store` has written
  }
}

/**
 * @param {Viewer} viewer
 * @param {{ position: string | null, subscriptions: Asked[] }} from
 * @param {Pick<Storage, "setItem">} storage
 */
export function store(viewer, { position, subscriptions }, storage = sessionStorage) {
  const kept = subscriptions.map(({ eventTypes, filters }) => ({ eventTypes, filters }));
  try {
    storage.setItem(keyOf(viewer), JSON.stringify({ position, subscriptions: kept }));
  } catch {
    return; // switched off or full: they then last until the reload
  }
}

function asked(/** @type {Asked} */ { eventTypes, filters }) {
  const isList = Array.isArray(eventTypes) && eventTypes.every((id) => typeof id === "string");
  const isObject = typeof filters === "object" && filters !== null && !Array.isArray(filters);
  if (!isList || !isObject) throw new TypeError("not a subscription");
  return { eventTypes, filters };
}
