/** What stands below an opened row: its payload, each value to be clicked, and what can be done with the event. */
import { copyOnClick } from "./clipboard.js";
import { clone, slot, write } from "./dom.js";
import { eventSnippets } from "./snippets.js";
import { fullTime } from "./summary.js";

const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g; // could make a payload read as what it is not
const LONGEST_VALUE = 200; // characters of a value that is offered as a filter

/** `mayEmit(event)`; `onValue(member, value)` when one was clicked; `onWhy(event)`. */
export function fillDetail(detail, event, { catalog, mayEmit, onValue, onWhy }) {
  write(detail, {
    type: `${catalog.label(event.type)} (${event.type})`,
    occurred: fullTime(new Date(event.timestamp)),
    id: event.id ?? "not logged",
  });
  slot(detail, "payload").replaceChildren(...payload(event.data, onValue));
  const snippets = eventSnippets(event, { origin: location.origin, mayEmit: mayEmit(event) });
  slot(detail, "actions").append(...snippets.map(copyButton), whyButton(() => onWhy(event)));
}

/** The text is that of JSON.stringify(data, null, 2); values of its members are buttons. */
function payload(data, onValue) {
  const members = Object.entries(data);
  if (!members.length) return ["{}"];
  const parts = members.flatMap(([member, value], at) => [
    `${at ? ",\n" : ""}  ${legible(JSON.stringify(member))}: `,
    ...valueParts(member, value, onValue),
  ]);
  return ["{\n", ...parts, "\n}"];
}

function valueParts(member, value, onValue) {
  const text = legible(JSON.stringify(value, null, 2)).replaceAll("\n", "\n  ");
  if (value === null || typeof value === "object" || text.length > LONGEST_VALUE) return [text];
  const button = clone("value-template");
  button.textContent = text;
  button.title = `Show only events whose ${member} is this`;
  button.addEventListener("click", () => onValue(member, value));
  return [button];
}

function legible(json) {
  return json.replace(BIDI_CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

function copyButton({ name, code }) {
  const button = clone("action-template");
  button.textContent = `Copy as ${name}`;
  copyOnClick(button, () => code);
  return button;
}

function whyButton(onClick) {
  const button = clone("action-template");
  button.textContent = "Why this event?";
  button.addEventListener("click", onClick);
  return button;
}
