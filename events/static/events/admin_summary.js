/** Below the summary line of an event type: how it would read, with the first options of the fields on the page. */

import { ownMember } from "./values/own_member.js";
import { SEVERITIES } from "./values/severities.js";
import { placeholders, summaryLine } from "./values/summary.js";

/** @import { Json } from "./values/exact.js" */

const NUMBER = 42;
const ALLOWED = "Only {name} is understood, with a letter first; other braces are not.";

const input = field(document, "#id_summary");

if (input) {
  const known = JSON.parse(document.getElementById("summary-samples")?.textContent ?? "{}");
  const shown = document.createElement("output");
  shown.className = "summary-preview";
  shown.htmlFor = input.id;
  input.closest(".form-row")?.append(shown);

  const show = () => {
    const { line, note } = preview(input.value, samples(known));
    shown.replaceChildren(element("strong", line), ...(note ? [element("span", note)] : []));
  };
  for (const happened of ["input", "change", "formset:added", "formset:removed"]) {
    document.addEventListener(happened, show);
  }
  show();
}

/**
 * @param {ParentNode} within
 * @param {string} selector
 * @returns {HTMLInputElement | null}
 */
function field(within, selector) {
  return within.querySelector(selector);
}

function preview(/** @type {string} */ template, /** @type {Map<string, Json>} */ data) {
  const names = placeholders(template);
  const rest = names.reduce((left, name) => left.replace(`{${name}}`, ""), template);
  if (/[{}]/.test(rest)) return { line: "", note: ALLOWED };
  const undeclared = [...new Set(names)].filter((name) => !data.has(name));
  const all = new Map(data);
  for (const name of undeclared) all.set(name, `‹${name}›`);
  const label = field(document, "#id_label")?.value || "(label)";
  const note = undeclared.length
    ? `Not among the filterable fields: ${undeclared.join(", ")}. An event without such a member shows “?” there.`
    : "";
  return { line: summaryLine({ summary: template, label }, { type: label, data: all }), note };
}

/** Map of member and value, from the rows of fields as they are on the page. */
function samples(/** @type {Record<string, string>} */ known) {
  /** @type {Map<string, Json>} */
  const found = new Map([["severity", field(document, "[name=severity_levels]:checked")?.value ?? SEVERITIES[0]]]);
  for (const row of document.querySelectorAll(".inline-related.dynamic-fields, .inline-related.has_original")) {
    const value = (/** @type {string} */ name) => field(row, `[name$="-${name}"]`)?.value.trim() ?? "";
    const member = value("data_key") || value("name");
    if (member && !found.has(member) && !field(row, "[name$=-DELETE]")?.checked) {
      found.set(member, sample(value("type"), value("new_options"), ownMember(known, value("name")), member));
    }
  }
  return found;
}

function sample(
  /** @type {string} */ type,
  /** @type {string} */ pasted,
  /** @type {string | undefined} */ known,
  /** @type {string} */ member,
) {
  if (type === "number") return NUMBER;
  return known ?? (pasted.split("\n")[0].split("|")[0].trim() || `‹${member}›`);
}

function element(/** @type {string} */ name, /** @type {string} */ text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
