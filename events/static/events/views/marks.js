/** On rows: which views ask for an event, by their colours, and in words for those who do not see these. */
import { matches } from "../values/predicate.js";
import { clone, slot } from "../shared/dom.js";
import { namesOf } from "./cards.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Entry } from "./entry.js" */

const MOST_SHOWN = 3; // squares that a row has room for; the words name all

export function showMarks(
  /** @type {HTMLElement} */ row,
  /** @type {Received} */ event,
  /** @type {Entry[]} */ entries,
  /** @type {Catalog} */ catalog,
) {
  const asking = entries.filter((entry) => !entry.isPaused && matches(catalog, entry, event));
  const names = asking.map((entry) => namesOf(entry, catalog));
  const spoken = document.createElement("span");
  spoken.className = "unseen";
  spoken.textContent = names.length ? `of ${names.join(", ")}: ` : "";
  slot(row, "views").title = names.join(", ");
  slot(row, "views").replaceChildren(spoken, ...asking.slice(0, MOST_SHOWN).map(square));
  const line = row.querySelector("[data-slot=of-views]");
  if (!(line instanceof HTMLElement)) return; // it is not open
  line.hidden = asking.length === 0;
  line.replaceChildren(...asking.flatMap((entry, place) => [square(entry), `${names[place]} `]));
}

function square(/** @type {Entry} */ { colour }) {
  const mark = clone("mark-template");
  mark.dataset.colour = colour;
  return mark;
}
