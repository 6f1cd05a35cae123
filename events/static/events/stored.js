/** The subscriptions of this browser tab, kept over a reload, apart for each user. */

const keyOf = (viewer) => `eventhub.subscriptions.${viewer}`;

export function storedSubscriptions(viewer, storage = sessionStorage) {
  try {
    return JSON.parse(storage.getItem(keyOf(viewer)) ?? "[]");
  } catch {
    return []; // storage switched off, or written by another version
  }
}

export function storeSubscriptions(viewer, subscriptions, storage = sessionStorage) {
  const kept = subscriptions.map(({ eventTypes, filters }) => ({ eventTypes, filters }));
  try {
    storage.setItem(keyOf(viewer), JSON.stringify(kept));
  } catch {
    return; // switched off or full: they then last until the reload
  }
}
