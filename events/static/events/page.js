/** The /events page: puts its parts together round one client. */
import { callEach } from "./client/failures.js";
import { askWhy, showCode, tryEvent } from "./dialogs/on_demand.js";
import { Arrivals } from "./status/arrivals.js";
import { Builder } from "./builder/builder.js";
import { Catalog } from "./shared/catalog.js";
import { EventClient } from "./client/client.js";
import { EmptyStates } from "./status/empty.js";
import { Feed } from "./feed/feed.js";
import { Fleet } from "./fleet/fleet.js";
import { inLocalTime } from "./time/local_time.js";
import { MyViews } from "./views/my_views.js";
import { Older, following } from "./feed/older.js";
import { byId } from "./shared/dom.js";
import { pageData } from "./shared/page_data.js";
import { Selection, filtersOf, sameSubscription } from "./builder/selection.js";
import { ADDRESSES } from "./shared/site.js";
import { store, stored } from "./shared/stored.js";
import { Status } from "./status/status.js";
import { Subscribing } from "./builder/subscribing.js";
import { summaryPieces } from "./values/summary.js";
import { sinceAway } from "./views/away.js";
import { followVisibility, unlessLost } from "./status/page_visibility.js";
import { Watching } from "./views/watching.js";

/** @import { Asked, Metadata, Subscription } from "./client/protocol.js" */
/** @import { Demand } from "./narrowing/narrowing.js" */
/** @import { Entry } from "./views/entry.js" */

const { viewer, metadata, may_emit: isEmitter, places, views: kept } = pageData();
const address = new URLSearchParams(location.search);

const { position, subscriptions: unsaved } = stored(viewer);
const views = new MyViews(kept, unsaved, address.get("view"), {
  onChange: viewsChanged,
  onProblem: (text) => notices.add(text),
});
const client = new EventClient(ADDRESSES.socket, { position, subscriptions: views.active.map(({ asked }) => asked) });
const selection = Selection.fromQuery(location.search);
let catalog = new Catalog(metadata);

const status = new Status(client, { catalog: () => catalog, onTime: (range) => feed.showTime(range) });
const { announcer, notices } = status;
const subscribing = new Subscribing(client, views, {
  label: (id) => catalog.label(id),
  onDone: (text) => announcer.say(text),
  onMade: (subscription) =>
    callEach(
      () => views.made(subscription),
      () => builder.made(),
    ),
  onChanged: (entry) => builder.edited === entry && builder.stopEditing(),
  onEnded: (subscription, reason) => {
    notices.add(`The subscription to ${subscribing.names(subscription)} has ended: ${reason}`);
    views.ended(subscription, reason);
  },
});
const watching = new Watching(views, {
  catalog: () => catalog,
  onEdit: edit,
  onCode: showCode,
  onTry: (asked) => tryEvent(asked, catalog),
  onWhy: (asked) => askWhy((why) => why.showSubscription(asked, catalog)),
  onDone: (text) => announcer.say(text),
  onProblem: (text) => text && notices.add(text),
  onSelected: viewsChanged,
});
const feed = new Feed(byId("feed"), catalog, {
  onDraw: () =>
    callEach(
      () => watching.showCounts(),
      () => showEmptyStates(),
    ),
  mayEmit: ({ type }) => isEmitter && catalog.isExternal(type),
  onDrawn: (isDrawn) => status.drawn(isDrawn),
  mark: (row, event) => watching.mark(row, event),
  onWhy: (event) =>
    askWhy((why) =>
      why.showEvent(event, summaryPieces(catalog.type(event.type), event), client.subscriptions, catalog),
    ),
  onTake: take,
  loadOlder,
  onNarrowed: narrowed,
  hasSubscriptions: () => client.subscriptions.length > 0,
});
const builder = new Builder(byId("builder"), catalog, selection, {
  places: places.options,
  onCode: showCode,
  onChange: selectionChanged,
  onSubscribe: (parts) => makeAll(parts, (text) => builder.complain(text)),
  onSave: (entry, asked) => subscribing.change(entry, asked, (text) => builder.complain(text)),
  onEdited: (entry) => watching.edited(entry),
  others: (except) => views.entries.filter((each) => each !== except),
  isMade: (asked, except) => views.entries.some((each) => each !== except && sameSubscription(each, asked)),
});
const emptyStates = new EmptyStates(byId("feed"), {
  isEmitter,
  onTry: (asked) => tryEvent(asked, catalog),
  onSubscribeAll: (parts) => makeAll(parts, (text) => emptyStates.complain(text)),
});
const fleet = new Fleet(byId("fleet"), new EventClient(ADDRESSES.socket), take);
/** @type {string[]} */
let askedOfLog = []; // what the feed loads older events of

client.on("state", ({ state }) => state === "live" && fetchMetadata());
client.on("metadata_changed", fetchMetadata);
client.on("metadata", metadataArrived);
client.on("subscriptions", subscriptionsChanged);
new Arrivals(client, {
  feed,
  announcer,
  names: (asked) => subscribing.names(asked),
  others: [(event) => watching.count(event), ...status.listeners],
});

feed.readAddress(address);
views.attach(client);
if (address.has("view") && !watching.open(address.get("view"))) {
  notices.add("There is no such view, or it is not shared with you any more.");
}
subscriptionsChanged(client.subscriptions);
fleet.update(builder.category, catalog);
client.connect();
inLocalTime(byId("lately"));
followVisibility(client, { keep, onLeft: () => views.seen(), onBack: () => views.refresh() });
sinceAway(views, () => catalog, byId("away"));

/** The log of what is subscribed to, from before an event; without one, from before what is still to come. */
function loadOlder(/** @type {string | null} */ id) {
  const { subscriptions, position } = client;
  if (!subscriptions.length) return null;
  return new Older(subscriptions, id ?? (position && following(position)), feed.range);
}

/** Values that were clicked in the feed become filters of the builder, where the types have such filters. */
function take(/** @type {string[]} */ eventTypes, /** @type {Demand[]} */ values) {
  builder.prefill({ eventTypes, filters: filtersOf(catalog, eventTypes, values) });
}

/** A reload resumes from here. Not with every event: what is older only makes the replay longer. */
function keep() {
  store(viewer, { position: client.position, subscriptions: views.unsaved });
}

function showEmptyStates() {
  const { subscriptions } = client;
  byId("lately").hidden = !feed.isEmpty || subscriptions.length > 0;
  emptyStates.update({ isEmpty: feed.isEmpty, subscriptions, category: builder.category, catalog });
}

function selectionChanged() {
  writeAddress();
  fleet.update(builder.category, catalog);
  showEmptyStates();
}

function narrowed() {
  status.overview.update(watching.asks, feed.range);
  writeAddress();
}

/** What is chosen in the builder, which view is selected, and what narrows the feed. */
function writeAddress() {
  const query = new URLSearchParams(selection.query());
  feed.writeAddress(query);
  if (watching.id) query.append("view", watching.id);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

function subscriptionsChanged(/** @type {Subscription[]} */ subscriptions) {
  views.follow(subscriptions);
  const asks = subscriptions.map(({ eventTypes, filters }) => JSON.stringify([eventTypes, filters]));
  const isSettled = subscriptions.every(({ id }) => id !== null);
  if (isSettled && asks.join() !== askedOfLog.join()) {
    const added = subscriptions.filter((_, place) => !askedOfLog.includes(asks[place]));
    feed.fill(added.length ? new Older(added, null) : null);
    askedOfLog = asks;
  }
  viewsChanged();
}

function viewsChanged() {
  keep();
  if (builder.edited && !views.entries.includes(builder.edited)) builder.stopEditing();
  callEach(
    () => watching.update(builder.edited),
    () => feed.showOf(watching.isNarrowed ? (event) => watching.shows(event) : null),
    () => builder.update(),
    () => showEmptyStates(),
    () => narrowed(),
  );
}

function fetchMetadata() {
  client.getMetadata().catch(unlessLost);
}

function metadataArrived(/** @type {Metadata} */ changed) {
  const isNews = changed.version !== catalog.version;
  catalog = new Catalog(changed);
  callEach(
    () => builder.update(catalog),
    () => feed.update(catalog),
    () => fleet.update(builder.category, catalog),
    () => watching.update(builder.edited),
    () => showEmptyStates(),
    () => isNews && views.tryAgain(({ eventTypes }) => eventTypes.every((id) => catalog.type(id))),
  );
  if (isNews) announcer.say("The event types or their options have changed.");
}

function makeAll(/** @type {Asked[]} */ parts, /** @type {(text: string) => void} */ onProblem) {
  for (const asked of parts) subscribing.make(asked, onProblem);
}

function edit(/** @type {Entry} */ entry) {
  builder.edit(entry);
  watching.update(entry);
}
