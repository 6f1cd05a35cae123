/** The /events page: puts its parts together round one client. */
import { Announcer } from "./shared/announcer.js";
import { apart } from "./client/apart.js";
import { Builder } from "./builder/builder.js";
import { Cards } from "./builder/cards.js";
import { Catalog } from "./shared/catalog.js";
import { Chart } from "./status/chart.js";
import { EventClient } from "./client/client.js";
import { Code } from "./dialogs/code.js";
import { ConnectionLost } from "./client/connection.js";
import { EmptyStates } from "./status/empty.js";
import { Feed } from "./feed/feed.js";
import { plainText } from "./values/exact.js";
import { Fleet } from "./fleet/fleet.js";
import { inLocalTime } from "./shared/local_time.js";
import { Notices } from "./shared/notices.js";
import { Older, following } from "./feed/older.js";
import { matches } from "./values/predicate.js";
import { Presence } from "./status/presence.js";
import { Received } from "./values/received.js";
import { replayRemark } from "./status/remark.js";
import { Selection, sameSubscription } from "./builder/selection.js";
import { store, stored } from "./shared/stored.js";
import { Subscribing } from "./builder/subscribing.js";
import { summaryPieces } from "./values/summary.js";
import { Unread } from "./status/unread.js";
import { Why } from "./dialogs/why.js";

const byId = (id) => document.getElementById(id);
const { viewer, socket, metadata, emittable, places } = JSON.parse(byId("page-data").textContent);
const addresses = { origin: location.origin, socket: new URL(socket, location.href.replace(/^http/, "ws")).href };

const client = new EventClient(addresses.socket, stored(viewer));
const selection = Selection.fromQuery(location.search);
let catalog = new Catalog(metadata);

const announcer = new Announcer(byId("announcer"));
const notices = new Notices(byId("notices"));
const code = new Code(byId("code"), addresses);
const why = new Why(byId("why"));
const chart = new Chart(byId("chart"));
const unread = new Unread();
const subscribing = new Subscribing(client, {
  label: (id) => catalog.label(id),
  onDone: (text) => announcer.say(text),
  onChanged: (subscription) => builder.edited === subscription && builder.stopEditing(),
  onEnded: (text) => notices.add(text),
});
const cards = new Cards(byId("cards"), {
  onEdit: edit,
  onCode: (subscription) => code.show(subscription),
  onWhy: (subscription) => why.showSubscription(subscription, catalog),
  onUnsubscribe: (subscription) => subscribing.end(subscription),
});
const feed = new Feed(byId("feed"), catalog, {
  onDraw: feedDrawn,
  mayEmit: ({ type }) => emittable.includes(type),
  onDrawn: (isDrawn) => presence.drawn(isDrawn),
  onWhy: (event) => why.showEvent(event, lineOf(event), client.subscriptions, catalog),
  onTake: take,
  loadOlder,
  hasSubscriptions: () => client.subscriptions.length > 0,
});
const builder = new Builder(byId("builder"), catalog, selection, {
  places: places.options,
  onCode: (asked) => code.show(asked),
  onChange: selectionChanged,
  onSubscribe: (parts) => makeAll(parts, (text) => builder.complain(text)),
  onSave: (subscription, asked) => subscribing.change(subscription, asked, (text) => builder.complain(text)),
  onEdited: editEnded,
  others: (except) => client.subscriptions.filter((each) => each !== except),
  isMade: (asked, except) => client.subscriptions.some((each) => each !== except && sameSubscription(each, asked)),
});
const emptyStates = new EmptyStates(byId("feed"), {
  emittable,
  testPlace: places.test,
  onSubscribeAll: (parts) => makeAll(parts, (text) => emptyStates.complain(text)),
});
const fleet = new Fleet(byId("fleet"), new EventClient(addresses.socket), take);
const presence = new Presence({
  line: byId("presence"),
  bar: byId("connection-bar"),
  onRetry: () => client.connect(),
});
let wasLost = false; // the connection, since the page was loaded
let askedOfLog = ""; // what the feed loads older events of

client.on("state", (change) => {
  presence.changed(change);
  wasLost ||= change.previous === "live";
  if (change.state === "live") fetchMetadata();
});
client.on("metadata_changed", fetchMetadata);
client.on("metadata", metadataArrived);
client.on("subscriptions", subscriptionsChanged);
client.on("event", eventArrived);
client.on("replayed", replayed);

subscriptionsChanged(client.subscriptions);
fleet.update(builder.category, catalog);
client.connect();
inLocalTime(byId("lately"));

document.addEventListener("visibilitychange", () => {
  keep(); // a browser may end a hidden page without a word
  // After sleep, or in another network, a connection can be dead without knowing: ask.
  if (document.visibilityState === "visible" && client.state === "live") client.ping().catch(lostMeanwhile);
});
window.addEventListener("pagehide", keep);
window.addEventListener("online", () => client.state === "waiting" && client.connect());

function eventArrived(message, text) {
  const event = new Received(message, text);
  apart(
    () => feed.add(event),
    () => count(event),
    () => presence.eventArrived(),
    () => unread.eventArrived(),
    () => chart.add(event),
    () => announcer.eventArrived(event),
  );
}

function count(event) {
  for (const subscription of client.subscriptions) {
    if (matches(catalog, subscription, event)) cards.counted(subscription);
  }
}

function lineOf(event) {
  return summaryPieces(catalog.type(event.type), event);
}

/** The log of what is subscribed to, from before an event; without one, from before what is still to come. */
function loadOlder(id) {
  const { subscriptions, position } = client;
  const before = id ?? (position && following(position));
  return subscriptions.length
    ? new Older(
        subscriptions.map((each) => ({ ...each })),
        before,
      )
    : null;
}

/** Values that were clicked in the feed become filters of the builder, where the types have such filters. */
function take(eventTypes, values) {
  const named = values.flatMap(({ member, value }) => {
    const filter = catalog.filters(eventTypes).find(({ data_key: key }) => key === member);
    return filter ? [[filter.name, [plainText(value)]]] : [];
  });
  builder.prefill({ eventTypes, filters: Object.fromEntries(named) });
}

/** A reload resumes from here. Not with every event: what is older only makes the replay longer. */
function keep() {
  store(viewer, client);
}

function replayed(replay) {
  const isNews = replay.count > 0 || !replay.complete || (replay.subscription === null && wasLost);
  if (!isNews) return;
  const of = replay.subscription ? `${subscribing.names(replay.subscription)}: ` : "";
  const remark = of + replayRemark(replay);
  feed.add({ remark });
  announcer.say(remark);
}

function feedDrawn() {
  apart(
    () => cards.showCounts(),
    () => showEmptyStates(),
  );
}

function showEmptyStates() {
  const { subscriptions } = client;
  byId("lately").hidden = !feed.isEmpty || subscriptions.length > 0;
  emptyStates.update({ isEmpty: feed.isEmpty, subscriptions, category: builder.category, catalog });
}

function selectionChanged() {
  const query = selection.query();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  fleet.update(builder.category, catalog);
  showEmptyStates();
}

function subscriptionsChanged(subscriptions) {
  keep();
  const asks = JSON.stringify(subscriptions.map(({ eventTypes, filters }) => [eventTypes, filters]));
  if (asks !== askedOfLog) feed.forgetPast();
  askedOfLog = asks;
  if (builder.edited && !subscriptions.includes(builder.edited)) builder.stopEditing();
  apart(
    () => cards.update(subscriptions, catalog, builder.edited),
    () => builder.update(),
    () => showEmptyStates(),
  );
}

function fetchMetadata() {
  client.getMetadata().catch(lostMeanwhile);
}

function metadataArrived(changed) {
  const isNews = changed.version !== catalog.version;
  catalog = new Catalog(changed);
  apart(
    () => builder.update(catalog),
    () => feed.update(catalog),
    () => fleet.update(builder.category, catalog),
    () => cards.update(client.subscriptions, catalog, builder.edited),
    () => showEmptyStates(),
  );
  if (isNews) announcer.say("The event types or their options have changed.");
}

function makeAll(parts, onProblem) {
  for (const asked of parts) subscribing.make(asked, onProblem);
}

function edit(subscription) {
  builder.edit(subscription);
  cards.update(client.subscriptions, catalog, subscription);
}

function editEnded(subscription) {
  cards.update(client.subscriptions, catalog);
  cards.focus(subscription);
}

function lostMeanwhile(error) {
  // The next connection does it again.
  if (!(error instanceof ConnectionLost)) throw error;
}
