/** One line of the feed: an event that can be opened, or a remark such as “connected again”. */
import { report } from "../client/apart.js";
import { clone, slot, write } from "../shared/dom.js";
import { isolated, legible, outside } from "../values/legible.js";
import { clockTime, summaryPieces } from "../values/summary.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Item, Remark } from "./memory.js" */

/** A row in any case: one that cannot be drawn says so, and that the event is in the export. */
export function rowOf(/** @type {Item} */ item, /** @type {Catalog} */ catalog) {
  try {
    return "remark" in item ? remarkRow(item) : eventRow(item, catalog);
  } catch (error) {
    report(error);
    const what = `An event of the type ${isolated("type" in item ? item.type : "remark")} cannot be shown here (${legible(error.message)}).`;
    return remarkRow({ remark: `${what} “Export” has it as it came.` });
  }
}

function eventRow(/** @type {Received} */ event, /** @type {Catalog} */ catalog) {
  const row = clone("row-template");
  row.dataset.severity = event.severity;
  write(row, {
    icon: outside(catalog.icon(event.type)),
    time: clockTime(new Date(event.timestamp)),
    severity: outside(event.severity),
    summary: summaryPieces(catalog.type(event.type), event),
  });
  slot(row, "icon").title = isolated(catalog.label(event.type));
  slot(row, "time", HTMLTimeElement).dateTime = event.timestamp;
  return row;
}

function remarkRow(/** @type {Remark} */ { remark }) {
  const row = clone("remark-template");
  write(row, { remark });
  return row;
}
