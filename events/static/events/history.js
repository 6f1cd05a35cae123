/** The page “History”: the view of /events with another time, of all that is in the log. */
import { LAST_DAY, Overview } from "./overview/overview.js";
import { LogList } from "./feed/log_list.js";
import { Older } from "./feed/older.js";
import { SearchForm } from "./builder/search_form.js";
import { Selection, filtersOf, sameSubscription } from "./builder/selection.js";
import { askWhy } from "./dialogs/on_demand.js";
import { askForEvents, parametersOf } from "./shared/api.js";
import { Catalog } from "./shared/catalog.js";
import { byId, say, slot } from "./shared/dom.js";
import { inLocalTime } from "./time/local_time.js";
import { pageData } from "./shared/page_data.js";
import { PATH } from "./shared/site.js";
import { outside } from "./values/legible.js";
import { summaryPieces } from "./values/summary.js";
import { Entry } from "./views/entry.js";
import { showMarks } from "./views/marks.js";

/** @import { Asked } from "./client/protocol.js" */
/** @import { Demand } from "./narrowing/narrowing.js" */

const { metadata, views, may_emit: isEmitter, places } = pageData();
const address = new URLSearchParams(location.search);
const catalog = new Catalog(metadata);
const selection = Selection.fromQuery(location.search);
const watched = views.own.map((view) => Entry.of(view)).filter(({ isPaused }) => !isPaused);
const view = [...views.own, ...views.shared].find(({ id }) => id === address.get("view"));
const page = byId("history");
let cursor = address.get("cursor"); // where the page begins, until something else is searched

const overview = new Overview({
  catalog: () => catalog,
  onChosen: (range) => list.showTime(range),
  recent: LAST_DAY,
});
const form = new SearchForm(byId("choice"), catalog, selection, {
  severities: address.getAll("severity"),
  places: places.options,
  onChange: searchAnew,
});
const list = new LogList(page, catalog, {
  begin: () => new Older([form.asked], cursor, {}, (parameters) => askForEvents(narrowed(parameters))),
  onNarrowed: searchAnew,
  onLoaded: takeOver,
  mark: (row, event) => showMarks(row, event, watched, catalog),
  mayEmit: ({ type }) => isEmitter && catalog.isExternal(type),
  onWhy: (event) =>
    askWhy((why) => why.showEvent(event, summaryPieces(catalog.type(event.type), event), watched, catalog)),
  onTake: take,
});

inLocalTime(page);
list.readAddress(address);
byId("show-keys").hidden = false;
show();

function searchAnew() {
  cursor = null;
  say(byId("list-title"), "Newest events");
  page.querySelector("[data-slot=newest]")?.remove();
  show();
  const query = chosen();
  if (view) query.append("view", view.id);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

function show() {
  list.fill();
  const { asked } = form;
  overview.update(asked.eventTypes.length ? [asked] : [], list.range, String(narrowed(new URLSearchParams(), false)));
  const query = chosen();
  for (const name of ["csv", "ndjson"]) {
    page.querySelector(`[data-slot=${name}]`)?.setAttribute("href", `${PATH}/api/v1/events/export.${name}?${query}`);
  }
  showWayBack(asked);
}

/** To the view that this is the history of; or to the page of live events, with what is chosen here. */
function showWayBack(/** @type {Asked} */ asked) {
  const link = slot(page, "watch");
  const isOfView = view && sameSubscription(asked, { eventTypes: view.event_types, filters: view.filters });
  const query = isOfView ? new URLSearchParams({ view: view.id }) : new URLSearchParams(selection.query());
  list.narrowing.writeValues(query);
  link.setAttribute("href", `${PATH}/events${query.size ? "?" : ""}${query}`);
  say(link, isOfView && view.name ? ["Back to “", outside(view.name), "”"] : "Watch live");
  link.hidden = false;
}

/** All that is chosen, as an address has it. */
function chosen() {
  const query = parametersOf({ eventTypes: selection.types(catalog), filters: form.filters });
  return narrowed(query);
}

/** Appends what narrows the events beside types and filters. */
function narrowed(/** @type {URLSearchParams} */ parameters, withTime = true) {
  for (const severity of form.severities) parameters.append("severity", severity);
  if (withTime) list.narrowing.write(parameters);
  else list.narrowing.writeValues(parameters);
  return parameters;
}

/** The first rows are there: they take the place of those that the server has written, as open as those. */
function takeOver() {
  const opened = page.querySelectorAll("[data-slot=written] details[open]");
  list.open(new Set([...opened].map((details) => details.closest("article")?.dataset.id)));
  for (const each of page.querySelectorAll("[data-slot=written], [data-slot=pages]")) each.remove();
  slot(page, "foot").hidden = false;
}

/** Values that were clicked become filters, where the types have such filters. */
function take(/** @type {string[]} */ eventTypes, /** @type {Demand[]} */ values) {
  const filters = Object.entries(filtersOf(catalog, eventTypes, values));
  for (const id of eventTypes) selection.tick(id, true);
  for (const [name, asked] of filters) selection.choose(name, asked);
  const taken = new Set(catalog.filters(eventTypes).map(({ data_key: key }) => key));
  list.narrowing.values = list.narrowing.values.filter(({ member, isNot }) => isNot || !taken.has(member));
  list.update();
  form.update();
  searchAnew();
}
