/** The /events page: puts its parts together round one client. */
import { Announcer } from "./status/announcer.js";
import { apart } from "./client/apart.js";
import { Builder } from "./builder/builder.js";
import { Cards } from "./builder/cards.js";
import { Catalog } from "./shared/catalog.js";
import { Chart } from "./status/chart.js";
import { EventClient } from "./client/client.js";
import { Code } from "./dialogs/code.js";
import { EmptyStates } from "./status/empty.js";
import { Feed } from "./feed/feed.js";
import { Fleet } from "./fleet/fleet.js";
import { inLocalTime } from "./shared/local_time.js";
import { Notices } from "./status/notices.js";
import { Older, following } from "./feed/older.js";
import { byId } from "./shared/dom.js";
import { pageData } from "./shared/page_data.js";
import { matches } from "./values/predicate.js";
import { Presence } from "./status/presence.js";
import { Received } from "./values/received.js";
import { replayRemark } from "./status/remark.js";
import { Selection, filtersOf, sameSubscription } from "./builder/selection.js";
import { store, stored } from "./shared/stored.js";
import { Subscribing } from "./builder/subscribing.js";
import { summaryPieces } from "./values/summary.js";
import { Unread } from "./status/unread.js";
import { stayWakeful, unlessLost } from "./status/wakeful.js";
import { Why } from "./dialogs/why.js";

/** @import { Asked, EventMessage, Metadata, Replay, Subscription } from "./client/protocol.js" */
/** @import { Demand } from "./feed/narrowing.js" */

const { viewer, socket, metadata, emittable, places } = pageData();
const addresses = { origin: location.origin, socket: new URL(socket, location.href.replace(/^http/, "ws")).href };

const client = new EventClient(addresses.socket, stored(viewer));
const selection = Selection.fromQuery(location.search);
let catalog = new Catalog(metadata);

const announcer = new Announcer(byId("announcer"));
const notices = new Notices(byId("notices"));
const code = new Code(byId("code", HTMLDialogElement), addresses);
const why = new Why(byId("why", HTMLDialogElement));
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
stayWakeful(client, keep);

function eventArrived(/** @type {EventMessage} */ message, /** @type {string} */ text) {
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

function count(/** @type {Received} */ event) {
  for (const subscription of client.subscriptions) {
    if (matches(catalog, subscription, event)) cards.counted(subscription);
  }
}

function lineOf(/** @type {Received} */ event) {
  return summaryPieces(catalog.type(event.type), event);
}

/** The log of what is subscribed to, from before an event; without one, from before what is still to come. */
function loadOlder(/** @type {string | null} */ id) {
  const { subscriptions, position } = client;
  return subscriptions.length ? new Older(subscriptions, id ?? (position && following(position))) : null;
}

/** Values that were clicked in the feed become filters of the builder, where the types have such filters. */
function take(/** @type {string[]} */ eventTypes, /** @type {Demand[]} */ values) {
  builder.prefill({ eventTypes, filters: filtersOf(catalog, eventTypes, values) });
}

/** A reload resumes from here. Not with every event: what is older only makes the replay longer. */
function keep() {
  store(viewer, client);
}

function replayed(/** @type {Replay} */ replay) {
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

function subscriptionsChanged(/** @type {Subscription[]} */ subscriptions) {
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
  client.getMetadata().catch(unlessLost);
}

function metadataArrived(/** @type {Metadata} */ changed) {
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

function makeAll(/** @type {Asked[]} */ parts, /** @type {(text: string) => void} */ onProblem) {
  for (const asked of parts) subscribing.make(asked, onProblem);
}

function edit(/** @type {Subscription} */ subscription) {
  builder.edit(subscription);
  cards.update(client.subscriptions, catalog, subscription);
}

function editEnded(/** @type {Subscription | null} */ subscription) {
  cards.update(client.subscriptions, catalog);
  if (subscription) cards.focus(subscription);
}
