/** What the page makes of each [summary, payload] of its standard input; tests/test_javascript.py compares. */
import { readFileSync } from "node:fs";

import { parse, stringify } from "../../events/static/events/values/exact.js";
import { folded } from "../../events/static/events/values/folded.js";
import { legible, legibleJson } from "../../events/static/events/values/legible.js";
import { summaryPieces } from "../../events/static/events/values/summary.js";

const { events = [], texts = [] } = JSON.parse(readFileSync(0, "utf8"));
const rendered = {
  events: events.map(([summary, payload]) => {
    const data = parse(payload);
    const pieces = summaryPieces({ summary, label: "Label" }, { type: "t", data });
    return {
      again: stringify(data),
      pretty: legibleJson(stringify(data, 2)),
      pieces: pieces.map((piece) => (typeof piece === "string" ? [piece, false] : [piece.outside, true])),
    };
  }),
  texts: texts.map((text) => [legible(text), legibleJson(text), folded(text)]),
};
process.stdout.write(JSON.stringify(rendered));
