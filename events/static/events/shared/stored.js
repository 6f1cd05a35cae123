/** The subscriptions of this browser tab and how far it has come, kept over a reload, apart for each user. */

const keyOf = (viewer) => `eventhub.subscriptions.${viewer}`;

/** @param {Pick<Storage, "getItem">} storage */
export function stored(viewer, storage = sessionStorage) {
  try {
    const { position, subscriptions } = JSON.parse(storage.getItem(keyOf(viewer)));
    return { position: typeof position === "string" ? position : null, subscriptions: subscriptions.map(asked) };
  } catch {
    return { position: null, subscriptions: [] }; // nothing stored, switched off, or not what `store` has written
  }
}

/** @param {Pick<Storage, "setItem">} storage */
export function store(viewer, { position, subscriptions }, storage = sessionStorage) {
  const kept = subscriptions.map(({ eventTypes, filters }) => ({ eventTypes, filters }));
  try {
    storage.setItem(keyOf(viewer), JSON.stringify({ position, subscriptions: kept }));
  } catch {
    return; // switched off or full: they then last until the reload
  }
}

function asked({ eventTypes, filters }) {
  const isList = Array.isArray(eventTypes) && eventTypes.every((id) => typeof id === "string");
  const isObject = typeof filters === "object" && filters !== null && !Array.isArray(filters);
  if (!isList || !isObject) throw new TypeError("not a subscription");
  return { eventTypes, filters };
}
