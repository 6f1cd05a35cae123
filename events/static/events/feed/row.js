/** One line of the feed: an event that can be opened, or a remark such as “connected again”. */
import { report } from "../client/failures.js";
import { clone, slot, write } from "../shared/dom.js";
import { serverNow } from "../time/server_time.js";
import { showTime } from "../time/ages.js";
import { isScalar, plainText } from "../values/exact.js";
import { isolated, legible, outside } from "../values/legible.js";
import { age, fullTime, placeholders, summaryPieces } from "../values/summary.js";

/** @import { EventType } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Received } from "../values/received.js" */
/** @import { Json } from "../values/exact.js" */
/** @import { Item, Remark } from "./memory.js" */

const CAUSES = ["error", "reason", "cause", "detail", "message"]; // members that tell why, in payloads of many kinds
const LONGEST_REST = 160; // characters; all of it stands in the payload

/**
 * A row in any case: one that cannot be drawn says so, and that the event is in the export. Those up to number 0 are from
 * the log; all others came live.
 */
export function rowOf(/** @type {Item} */ item, /** @type {Catalog} */ catalog, /** @type {number} */ number) {
  try {
    const row = "remark" in item ? remarkRow(item) : eventRow(item, catalog);
    if (number === 0) row.prepend(clone("rule-template"));
    row.toggleAttribute("data-log", number <= 0);
    return row;
  } catch (error) {
    report(error);
    const what = `An event of the type ${isolated("type" in item ? item.type : "remark")} cannot be shown here (${legible(error.message)}).`;
    return remarkRow({ remark: `${what} “Export” has it as it came.` });
  }
}

function eventRow(/** @type {Received} */ event, /** @type {Catalog} */ catalog) {
  const row = clone("row-template");
  const type = catalog.type(event.type);
  const time = new Date(event.timestamp);
  row.dataset.severity = event.severity;
  row.setAttribute("aria-label", isolated(`${event.severity}, ${catalog.label(event.type)}`));
  write(row, {
    kind: outside(catalog.label(event.type)),
    subject: outside(subjectOf(type, event)),
    rest: outside(restOf(type, event)),
    icon: outside(catalog.icon(event.type)),
    severity: outside(event.severity),
    summary: summaryPieces(type, event),
    age: age(serverNow() - time.getTime()),
  });
  slot(row, "age").dataset.of = String(time.getTime());
  slot(row, "icon").title = isolated(catalog.label(event.type));
  slot(row, "time", HTMLTimeElement).dateTime = event.timestamp;
  slot(row, "time").title = fullTime(time);
  showTime(slot(row, "time", HTMLTimeElement));
  return row;
}

/** What it is about, in the words of the payload. */
function subjectOf(/** @type {EventType | undefined} */ type, /** @type {Received} */ { data }) {
  const subject = type?.subject ? data.get(type.subject) : undefined;
  return isScalar(subject) ? plainText(subject) : "";
}

/**
 * What the payload says besides, the cause first: plain members that neither line nor subject show, and that say more
 * than that something is not so, or is as another one is.
 */
function restOf(/** @type {EventType | undefined} */ type, /** @type {Received} */ { data }) {
  const shown = new Set([...placeholders(type?.summary), type?.subject, "severity"]);
  const said = new Set(["", false, ...[...shown].map((member) => data.get(member ?? ""))]);
  const causes = CAUSES.flatMap((member) => (data.has(member) ? [[member, data.get(member)]] : []));
  const others = [...data].filter(([member]) => !CAUSES.includes(member));
  let text = "";
  for (const [member, value] of /** @type {[string, Json][]} */ ([...causes, ...others])) {
    if (shown.has(member) || !isScalar(value) || said.has(value)) continue;
    text += `${text && " · "}${member} ${plainText(value)}`;
    if (text.length > LONGEST_REST) return `${text.slice(0, LONGEST_REST)}…`;
  }
  return text;
}

function remarkRow(/** @type {Remark} */ { remark }) {
  const row = clone("remark-template");
  write(row, { remark });
  return row;
}
