/** The event types of one category, to be ticked, and searched when they are many. */
import { childrenOf, clone, first, keyed, slot, write } from "../shared/dom.js";
import { outside } from "../values/legible.js";

/** @import { Category } from "../client/protocol.js" */

const SEARCH_FROM = 12; // event types; fewer are seen at a glance

/** On a page of forms: shows the search boxes of lists that are long, and lets them search. */
export function searchTypes(/** @type {HTMLElement} */ form) {
  /** @type {NodeListOf<HTMLElement>} */
  const searches = form.querySelectorAll("[data-slot=search-types]");
  for (const search of searches) {
    search.hidden = slot(parentOf(search), "types").childElementCount < SEARCH_FROM;
  }
  listenTo(form, () => {});
}

/** `panels` holds a panel for each category. `onTick(id, on)`. */
export function listenTo(/** @type {HTMLElement} */ panels, /** @type {(id: string, on: boolean) => void} */ onTick) {
  panels.addEventListener("change", (event) => {
    const { type, value, checked } = /** @type {HTMLInputElement} */ (event.target);
    if (type === "checkbox") onTick(value, checked);
  });
  panels.addEventListener("input", ({ target }) => isSearch(target) && narrow(parentOf(target)));
  panels.addEventListener("keydown", (event) => {
    // Enter in the search box means that search, not “Subscribe”.
    if (event.key === "Enter" && isSearch(event.target)) event.preventDefault();
  });
}

/** Which types the panels show as ticked, or not: before a script ran, people may have ticked some. */
export function readTicks(/** @type {HTMLElement} */ panels, /** @type {(id: string, on: boolean) => void} */ onTick) {
  /** @type {NodeListOf<HTMLInputElement>} */
  const inputs = panels.querySelectorAll("input[type=checkbox]");
  for (const { value, checked } of inputs) onTick(value, checked);
}

/** `ticked`: ids of types. */
export function showPanel(
  /** @type {HTMLElement} */ panel,
  /** @type {Category} */ { id, events },
  /** @type {boolean} */ isSelected,
  /** @type {Set<string>} */ ticked,
) {
  panel.id = `panel-${id}`;
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", `tab-${id}`);
  panel.hidden = !isSelected;
  slot(panel, "search-types").hidden = events.length < SEARCH_FROM;
  keyed(slot(panel, "types"), events, {
    key: (type) => type.id,
    create: () => clone("type-template"),
    update: (row, type) => {
      const input = first(row, "input", HTMLInputElement);
      input.value = type.id;
      input.checked = ticked.has(type.id);
      write(row, {
        icon: outside(type.icon),
        label: outside(type.label),
        description: outside(oneLine(type.description)),
      });
    },
  });
  narrow(panel);
}

function narrow(/** @type {HTMLElement} */ panel) {
  const search = slot(panel, "search-types", HTMLInputElement);
  const sought = search.hidden ? "" : search.value.trim().toLowerCase();
  let found = 0;
  for (const row of childrenOf(slot(panel, "types"))) {
    row.hidden = !`${row.textContent} ${row.dataset.key}`.toLowerCase().includes(sought);
    if (!row.hidden) found += 1;
  }
  slot(panel, "no-types").hidden = found > 0 || !sought;
}

/** @returns {target is HTMLElement} */
function isSearch(/** @type {EventTarget | null} */ target) {
  return target instanceof HTMLElement && target.dataset.slot === "search-types";
}

function parentOf(/** @type {HTMLElement} */ element) {
  return /** @type {HTMLElement} */ (element.parentElement); // it is in the document
}

function oneLine(/** @type {string} */ text) {
  return text.replace(/\s+/g, " ");
}
