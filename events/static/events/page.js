/** The /events page: puts its parts together round one client. */
import { Announcer } from "./announcer.js";
import { Builder } from "./builder.js";
import { Cards } from "./cards.js";
import { Catalog } from "./catalog.js";
import { EventClient } from "./client.js";
import { ConnectionLost } from "./connection.js";
import { EmptyStates } from "./empty.js";
import { Feed } from "./feed.js";
import { Notices } from "./notices.js";
import { matches } from "./predicate.js";
import { Presence } from "./presence.js";
import { Selection, sameSubscription } from "./selection.js";
import { storedSubscriptions, storeSubscriptions } from "./stored.js";
import { count } from "./summary.js";

const ENDED = {
  access_revoked: "you may not see it any more.",
  event_type_removed: "the event type was removed.",
};

const byId = (id) => document.getElementById(id);
const { viewer, socket, metadata, emittable } = JSON.parse(byId("page-data").textContent);

const client = new EventClient(new URL(socket, location.href.replace(/^http/, "ws")).href);
const selection = Selection.fromQuery(location.search);
let catalog = new Catalog(metadata);

const announcer = new Announcer(byId("announcer"));
const notices = new Notices(byId("notices"));
const cards = new Cards(byId("cards"), { onUnsubscribe: unsubscribe });
const feed = new Feed(byId("feed"), catalog, { onDraw: feedDrawn });
const builder = new Builder(byId("builder"), catalog, selection, {
  onChange: selectionChanged,
  onSubscribe: subscribe,
  isMade: (subscription) => client.subscriptions.some((each) => sameSubscription(each, subscription)),
});
const emptyStates = new EmptyStates(byId("feed"), { emittable, onSubscribeAll: subscribeToCategory });
const presence = new Presence({
  line: byId("presence"),
  bar: byId("connection-bar"),
  onRetry: () => client.connect(),
  onBack: connectedAgain,
});

client.on("state", (change) => {
  presence.changed(change);
  if (change.state === "live") fetchMetadata();
});
client.on("metadata_changed", fetchMetadata);
client.on("metadata", metadataArrived);
client.on("subscriptions", subscriptionsChanged);
client.on("event", eventArrived);
client.on("ended", subscriptionEnded);

for (const subscription of storedSubscriptions(viewer)) takeUp(subscription);
subscriptionsChanged(client.subscriptions);
client.connect();

// After sleep, or in another network, a connection can be dead without knowing: ask.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && client.state === "live") client.ping().catch(lostMeanwhile);
});
window.addEventListener("online", () => client.state === "waiting" && client.connect());

function eventArrived(event) {
  for (const subscription of client.subscriptions) {
    if (matches(catalog, subscription, event)) cards.counted(subscription);
  }
  presence.eventArrived();
  announcer.eventArrived(event);
  feed.add(event);
}

function feedDrawn() {
  cards.showCounts();
  showEmptyStates();
}

function showEmptyStates() {
  const { subscriptions } = client;
  emptyStates.update({ isEmpty: feed.isEmpty, subscriptions, category: builder.category, catalog });
}

function selectionChanged() {
  const query = selection.query();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  showEmptyStates();
}

function subscriptionsChanged(subscriptions) {
  storeSubscriptions(viewer, subscriptions);
  cards.update(subscriptions, catalog);
  builder.update();
  showEmptyStates();
}

function fetchMetadata() {
  client.getMetadata().catch(lostMeanwhile);
}

function metadataArrived(changed) {
  const isNews = changed.version !== catalog.version;
  catalog = new Catalog(changed);
  builder.update(catalog);
  feed.update(catalog);
  cards.update(client.subscriptions, catalog);
  showEmptyStates();
  if (isNews) announcer.say("The event types or their options have changed.");
}

async function subscribe({ eventTypes, filters }) {
  try {
    const subscription = await client.subscribe(eventTypes, filters);
    announcer.say(`Subscribed to ${names(subscription)}.`);
  } catch (error) {
    if (!(error instanceof ConnectionLost)) builder.complain(error.message);
  }
}

function subscribeToCategory() {
  subscribe({ eventTypes: builder.category.events.map(({ id }) => id), filters: {} });
}

async function unsubscribe(subscription) {
  announcer.say(`Unsubscribed from ${names(subscription)}.`);
  await client.unsubscribe(subscription);
}

/** Subscribes to what was subscribed to before; if that is not possible any more, says so. */
async function takeUp(subscription) {
  try {
    await client.subscribe(subscription.eventTypes, subscription.filters);
  } catch (error) {
    if (!(error instanceof ConnectionLost)) tellEnded(subscription, error.message);
  }
}

function subscriptionEnded({ subscription, reason, error }) {
  if (reason === "event_type_changed") takeUp(subscription);
  else tellEnded(subscription, error?.message ?? ENDED[reason] ?? reason);
}

function tellEnded(subscription, why) {
  notices.add(`The subscription to ${names(subscription)} has ended: ${why}`);
}

function names({ eventTypes }) {
  return eventTypes.map((id) => catalog.label(id)).join(", ");
}

function connectedAgain(away) {
  const seconds = count(Math.ceil(away / 1000), "second");
  feed.add({ remark: `Connected again after ${seconds}; what happened meanwhile is not shown.` });
}

function lostMeanwhile(error) {
  // The next connection does it again.
  if (!(error instanceof ConnectionLost)) throw error;
}
