/** One line of the feed: an event that opens to its payload, or a remark such as “connected again”. */
import { clone, slot, write } from "./dom.js";
import { clockTime, fullTime, summaryLine } from "./summary.js";

const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g; // could make a payload read as what it is not

const events = new WeakMap(); // row → event

export function eventRow(event, catalog) {
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
  events.set(row, event);
  return row;
}

export function remarkRow({ remark }) {
  const row = clone("remark-template");
  write(row, { remark });
  return row;
}

/** The payload is written out when it is first looked at: most never are. */
export function fillPayload(row, catalog) {
  const event = events.get(row);
  if (!event || slot(row, "payload").textContent) return;
  write(row, {
    type: `${catalog.label(event.type)} (${event.type})`,
    occurred: fullTime(new Date(event.timestamp)),
    id: event.id ?? "not logged",
    payload: JSON.stringify(event.data, null, 2).replace(BIDI_CONTROLS, escaped),
  });
}

function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}
