/** What stands below an opened row: its payload, each value to narrow by, what happened around it, and what can be done. */
import { report } from "../client/failures.js";
import { copyOnClick } from "../shared/clipboard.js";
import { clone, say, slot, write } from "../shared/dom.js";
import { PATH, SITE } from "../shared/site.js";
import { eventSnippets } from "../shared/snippets.js";
import { isScalar, plainText, stringify } from "../values/exact.js";
import { isolated, legibleJson, outside } from "../values/legible.js";
import { showAround } from "./around.js";
import { fullTime, summaryPieces } from "../values/summary.js";

/** @import { Chips } from "../narrowing/chips.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Json, Scalar } from "../values/exact.js" */
/** @import { Received } from "../values/received.js" */

/** @typedef {(member: string, value: Scalar, isWanted: boolean) => void} OnValue one was clicked */

/**
 * @typedef {object} Callbacks
 * @property {Catalog} catalog
 * @property {Chips} chips which get the values that are clicked
 * @property {(event: Received) => boolean} mayEmit
 * @property {(event: Received) => void} onWhy
 */

const LONGEST_VALUE = 200; // characters of a value that is offered as a filter

/** Fills it; one that cannot be drawn says so, with the event as it came. */
export function showDetail(
  /** @type {HTMLElement} */ detail,
  /** @type {Received} */ event,
  /** @type {Callbacks} */ callbacks,
) {
  try {
    fillDetail(detail, event, callbacks);
  } catch (error) {
    report(error);
    write(detail, { type: "This cannot be shown", payload: legibleJson(event.text) });
    slot(detail, "raw").hidden = false;
  }
}

function fillDetail(
  /** @type {HTMLElement} */ detail,
  /** @type {Received} */ event,
  /** @type {Callbacks} */ { catalog, chips, mayEmit, onWhy },
) {
  /** @type {OnValue} */
  const onValue = (member, value, isWanted) => chips.add(member, value, isWanted, event.type);
  write(detail, {
    heading: summaryPieces(catalog.type(event.type), event),
    type: [outside(catalog.label(event.type)), ` (${event.type})`],
    occurred: fullTime(new Date(event.timestamp)),
    id: event.id ?? "not logged",
    payload: legibleJson(stringify(event.data, 2)),
  });
  slot(detail, "members").replaceChildren(...[...event.data].map(([member, value]) => row(member, value, onValue)));
  const json = slot(detail, "json");
  json.addEventListener("click", () => {
    const isShown = json.getAttribute("aria-expanded") === "true";
    json.setAttribute("aria-expanded", String(!isShown));
    slot(detail, "raw").hidden = isShown;
  });
  const snippets = eventSnippets(event, { site: SITE, mayEmit: mayEmit(event) });
  slot(detail, "actions").append(
    ...snippets.map(copyButton),
    whyButton(() => onWhy(event)),
    ...(event.id ? [copyButton({ name: "link", code: `${SITE}/events/e/${event.id}` }), page(event.id)] : []),
  );
  if (mayEmit(event)) slot(detail, "actions").append(again(event));
  if (event.id) showAround(slot(detail, "around"), event.id, catalog);
}

/** A member with the digits that came; a plain value can be asked for, or left out. */
function row(/** @type {string} */ member, /** @type {Json} */ value, /** @type {OnValue} */ onValue) {
  const line = clone("member-template");
  const text = legibleJson(stringify(value, 2));
  const isPlain = isScalar(value) && text.length <= LONGEST_VALUE;
  write(line, { member: outside(member), text });
  const button = slot(line, "value");
  const only = slot(line, "only");
  const without = slot(line, "without");
  slot(line, "text").hidden = isPlain;
  button.hidden = only.hidden = without.hidden = !isPlain;
  if (!isPlain) return line;
  say(button, text);
  button.title = `Show only events whose ${isolated(member)} is this`;
  only.setAttribute("aria-label", `Only ${isolated(member)}: ${isolated(plainText(value))}`);
  without.setAttribute("aria-label", `Not ${isolated(member)}: ${isolated(plainText(value))}`);
  for (const each of [button, only]) each.addEventListener("click", () => onValue(member, value, true));
  without.addEventListener("click", () => onValue(member, value, false));
  return line;
}

function copyButton(/** @type {{ name: string, code: string }} */ { name, code }) {
  const button = clone("action-template");
  button.textContent = name === "link" ? "Copy link" : `Copy as ${name}`;
  copyOnClick(button, () => code);
  return button;
}

/** What it does is loaded when somebody wants it. If that fails, it says so. */
function again(/** @type {Received} */ event) {
  const button = clone("action-template");
  const said = document.createElement("span");
  said.role = "status";
  button.textContent = "Send again …";
  button.addEventListener("click", async () => {
    const loaded = await import("./again.js").catch(() => null);
    if (!loaded) {
      button.after(said);
      say(said, "Not now: the server cannot be reached.");
      return;
    }
    const root = loaded.againButton(event);
    said.remove();
    button.replaceWith(root);
    slot(root, "ask").click();
  });
  return button;
}

function whyButton(/** @type {() => void} */ onClick) {
  const button = clone("action-template");
  button.textContent = "Why this event?";
  button.addEventListener("click", onClick);
  return button;
}

function page(/** @type {string} */ id) {
  const link = clone("page-template", HTMLAnchorElement);
  link.href = `${PATH}/events/e/${id}`;
  return link;
}
