/** The page “History”: read without JavaScript, with it in one's own time and with explanations. */
import { apart } from "./client/apart.js";
import { Catalog } from "./shared/catalog.js";
import { byId, first } from "./shared/dom.js";
import { outside } from "./values/legible.js";
import { inLocalTime, zoneName } from "./shared/local_time.js";
import { searchTypes } from "./builder/panel.js";
import { pageData } from "./shared/page_data.js";
import { Entry } from "./views/entry.js";
import { inOwnZone } from "./shared/time_range.js";
import { Why } from "./dialogs/why.js";

const { metadata, views } = pageData();
const watched = views.own.map((view) => Entry.of(view)).filter(({ isPaused }) => !isPaused);
const catalog = new Catalog(metadata);
const why = new Why(byId("why", HTMLDialogElement));
const choice = byId("choice");
const list = byId("history");

apart(
  () => inOwnZone(first(choice, "form", HTMLFormElement)),
  () => inLocalTime(list),
  () => sayZone(byId("zone")),
  () => searchTypes(choice),
  () => offerWhy(),
);

function sayZone(/** @type {HTMLElement} */ line) {
  line.textContent = `Times are in ${zoneName()}.`;
  line.hidden = false;
}

function offerWhy() {
  /** @type {NodeListOf<HTMLButtonElement>} */
  const buttons = list.querySelectorAll("button[data-event]");
  for (const button of buttons) {
    const { event: id, type = "" } = button.dataset;
    const line = button.closest("article")?.querySelector(".line")?.textContent ?? "";
    button.hidden = false;
    button.addEventListener("click", () => why.showEvent({ id, type }, outside(line), watched, catalog));
  }
}
