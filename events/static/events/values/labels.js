/** The labels of event types in a sentence: of a long list, the first ones and how many more there are. */
import { joined } from "../shared/dom.js";
import { isolated, outside } from "./legible.js";
import { grouped } from "./summary.js";

const MOST = 6;

/** In parts, as `say` of dom.js writes them. */
export function labels(/** @type {string[]} */ ids, /** @type {(id: string) => string} */ label, most = MOST) {
  return [
    ...joined(
      ids.slice(0, most).map((id) => outside(label(id))),
      ", ",
    ),
    more(ids, most),
  ];
}

/** Where there is only text. */
export function labelsText(/** @type {string[]} */ ids, /** @type {(id: string) => string} */ label) {
  return (
    ids
      .slice(0, MOST)
      .map((id) => isolated(label(id)))
      .join(", ") + more(ids, MOST)
  );
}

function more(/** @type {string[]} */ ids, /** @type {number} */ most) {
  return ids.length > most ? ` and ${grouped(ids.length - most)} more` : "";
}
