/** What stands below an opened row: its payload, each value to be clicked, and what can be done with the event. */
import { copyOnClick } from "../shared/clipboard.js";
import { clone, slot, write } from "../shared/dom.js";
import { eventSnippets } from "../shared/snippets.js";
import { isScalar, stringify } from "../values/exact.js";
import { isolated, legibleJson, outside } from "../values/legible.js";
import { fullTime } from "../values/summary.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Json, Scalar } from "../values/exact.js" */
/** @import { Payload, Received } from "../values/received.js" */

/** @typedef {(member: string, value: Scalar) => void} OnValue one was clicked */

/**
 * @typedef {object} Callbacks
 * @property {Catalog} catalog
 * @property {(event: Received) => boolean} mayEmit
 * @property {OnValue} onValue
 * @property {(event: Received) => void} onWhy
 */

const LONGEST_VALUE = 200; // characters of a value that is offered as a filter

export function fillDetail(
  /** @type {HTMLElement} */ detail,
  /** @type {Received} */ event,
  /** @type {Callbacks} */ { catalog, mayEmit, onValue, onWhy },
) {
  write(detail, {
    type: [outside(catalog.label(event.type)), ` (${event.type})`],
    occurred: fullTime(new Date(event.timestamp)),
    id: event.id ?? "not logged",
  });
  slot(detail, "payload").replaceChildren(...payload(event.data, onValue));
  const snippets = eventSnippets(event, { origin: location.origin, mayEmit: mayEmit(event) });
  slot(detail, "actions").append(
    ...snippets.map(copyButton),
    whyButton(() => onWhy(event)),
  );
}

/** The payload in lines, with the digits that came; values of its members are buttons. */
function payload(/** @type {Payload} */ data, /** @type {OnValue} */ onValue) {
  const members = [...data];
  if (!members.length) return ["{}"];
  const parts = members.flatMap(([member, value], at) => [
    `${at ? ",\n" : ""}  ${legibleJson(stringify(member))}: `,
    ...valueParts(member, value, onValue),
  ]);
  return ["{\n", ...parts, "\n}"];
}

function valueParts(/** @type {string} */ member, /** @type {Json} */ value, /** @type {OnValue} */ onValue) {
  const text = legibleJson(stringify(value, 2)).replaceAll("\n", "\n  ");
  if (!isScalar(value) || text.length > LONGEST_VALUE) return [text];
  const button = clone("value-template");
  button.textContent = text;
  button.title = `Show only events whose ${isolated(member)} is this`;
  button.addEventListener("click", () => onValue(member, value));
  return [button];
}

function copyButton(/** @type {{ name: string, code: string }} */ { name, code }) {
  const button = clone("action-template");
  button.textContent = `Copy as ${name}`;
  copyOnClick(button, () => code);
  return button;
}

function whyButton(/** @type {() => void} */ onClick) {
  const button = clone("action-template");
  button.textContent = "Why this event?";
  button.addEventListener("click", onClick);
  return button;
}
