/** What else happened to the same subject, before and after an event. */
import { ApiProblem, askExactly } from "../shared/api.js";
import { clone, keyed, slot, write } from "../shared/dom.js";
import { PATH } from "../shared/site.js";
import { plainText } from "../values/exact.js";
import { outside } from "../values/legible.js";
import { Received } from "../values/received.js";
import { clockTime, fullTime, summaryPieces } from "../values/summary.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Json, Scalar } from "../values/exact.js" */

/** @typedef {{ subject: Scalar | null, events: Map<string, Json>[] }} Around */

export async function showAround(
  /** @type {HTMLElement} */ root,
  /** @type {string} */ id,
  /** @type {Catalog} */ catalog,
) {
  /** @type {Around} */
  let around;
  try {
    around = /** @type {any} */ (await askExactly(`${id}/around`, new URLSearchParams()));
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return; // an offer, no promise
  }
  const { subject, events } = around;
  if (subject === null || !events.length) return;
  root.hidden = false;
  write(root, { subject: ["Around it: ", outside(plainText(subject))] });
  keyed(
    slot(root, "list"),
    events.map((each) => Received.of(each)),
    {
      key: ({ id: key }) => key ?? "",
      create: () => clone("around-template"),
      update: (line, event) => {
        const date = new Date(event.timestamp);
        line.dataset.severity = event.severity;
        slot(line, "link", HTMLAnchorElement).href = `${PATH}/events/e/${event.id}`;
        slot(line, "time").title = fullTime(date);
        write(line, {
          time: clockTime(date),
          severity: outside(event.severity),
          line: summaryPieces(catalog.type(event.type), event),
        });
      },
    },
  );
}
