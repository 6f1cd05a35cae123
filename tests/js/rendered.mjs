/** What the page makes of each [summary, payload] of its standard input; tests/js/test_javascript.py compares. */
import { readFileSync } from "node:fs";

import { stringify } from "../../events/static/events/values/exact.js";
import { folded } from "../../events/static/events/values/folded.js";
import { legible, legibleJson } from "../../events/static/events/values/legible.js";
import { summaryPieces } from "../../events/static/events/values/summary.js";
import { OPERATORS } from "../../events/static/events/values/operators.js";
import { SEVERITIES } from "../../events/static/events/values/severities.js";
import { payloadOf } from "./partial.js";

const { events = [], texts = [] } = JSON.parse(readFileSync(0, "utf8"));
const rendered = {
  events: events.map(([summary, payload]) => {
    const data = payloadOf(payload);
    const pieces = summaryPieces({ summary, label: "Label" }, { type: "t", data });
    return {
      again: stringify(data),
      pretty: legibleJson(stringify(data, 2)),
      pieces: pieces.map((piece) => (typeof piece === "string" ? [piece, false] : [piece.outside, true])),
    };
  }),
  operators: [...OPERATORS].map(([name, { isText = false }]) => [name, isText]),
  severities: SEVERITIES,
  texts: texts.map((text) => [legible(text), legibleJson(text), folded(text)]),
};
process.stdout.write(JSON.stringify(rendered));
