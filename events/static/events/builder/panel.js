/** The event types of one category, to be ticked, and searched when they are many. */
import { clone, keyed, slot, write } from "../shared/dom.js";
import { outside } from "../values/legible.js";

const SEARCH_FROM = 12; // event types; fewer are seen at a glance

/** On a page of forms: shows the search boxes of lists that are long, and lets them search. */
export function searchTypes(form) {
  for (const search of form.querySelectorAll("[data-slot=search-types]")) {
    search.hidden = slot(search.parentElement, "types").childElementCount < SEARCH_FROM;
  }
  listenTo(form, () => {});
}

/** `panels` holds a panel for each category. `onTick(id, on)`. */
export function listenTo(panels, onTick) {
  panels.addEventListener("change", ({ target }) => target.type === "checkbox" && onTick(target.value, target.checked));
  panels.addEventListener("input", ({ target }) => isSearch(target) && narrow(target.parentElement));
  panels.addEventListener("keydown", (event) => {
    // Enter in the search box means that search, not “Subscribe”.
    if (event.key === "Enter" && isSearch(event.target)) event.preventDefault();
  });
}

/** `ticked`: ids of types. */
export function showPanel(panel, { id, events }, isSelected, ticked) {
  panel.id = `panel-${id}`;
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", `tab-${id}`);
  panel.hidden = !isSelected;
  slot(panel, "search-types").hidden = events.length < SEARCH_FROM;
  keyed(slot(panel, "types"), events, {
    key: (type) => type.id,
    create: () => clone("type-template"),
    update: (row, type) => {
      const input = row.querySelector("input");
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

function narrow(panel) {
  const search = slot(panel, "search-types");
  const sought = search.hidden ? "" : search.value.trim().toLowerCase();
  let found = 0;
  for (const row of slot(panel, "types").children) {
    row.hidden = !`${row.textContent} ${row.dataset.key}`.toLowerCase().includes(sought);
    if (!row.hidden) found += 1;
  }
  slot(panel, "no-types").hidden = found > 0 || !sought;
}

function isSearch(target) {
  return target.dataset.slot === "search-types";
}

function oneLine(text) {
  return text.replace(/\s+/g, " ");
}
