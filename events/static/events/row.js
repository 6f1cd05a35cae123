/** One line of the feed: an event that can be opened, or a remark such as “connected again”. */
import { clone, slot, write } from "./dom.js";
import { clockTime, summaryLine } from "./summary.js";

export function rowOf(item, catalog) {
  return "remark" in item ? remarkRow(item) : eventRow(item, catalog);
}

function eventRow(event, catalog) {
  const row = clone("row-template");
  const severity = event.data?.severity ?? "";
  row.dataset.severity = severity;
  write(row, {
    icon: catalog.icon(event.type),
    time: clockTime(new Date(event.timestamp)),
    severity: String(severity),
    summary: summaryLine(catalog.type(event.type), event),
  });
  slot(row, "icon").title = catalog.label(event.type);
  slot(row, "time").dateTime = event.timestamp;
  return row;
}

function remarkRow({ remark }) {
  const row = clone("remark-template");
  write(row, { remark });
  return row;
}
