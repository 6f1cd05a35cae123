/** What a test event of a type has: its members, with values that one can begin with, and the payload that comes of it. */
import { stringify } from "../values/exact.js";
import { ownMember } from "../values/own_member.js";
import { placeholders } from "../values/summary.js";

/** @import { EventType, Filters, Value } from "../client/protocol.js" */

/**
 * @typedef {object} Member
 * @property {string} name as the payload has it
 * @property {string} label
 * @property {[value: string, label: string][]} options
 * @property {boolean} isOpen whether it may have other values
 * @property {boolean} isNumber
 */

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/; // as JSON has it

/** The severity, the members of the fields, and those that only the summary line shows. */
export function membersOf(/** @type {EventType} */ type) {
  const levels = type.severity_levels ?? [];
  /** @type {Map<string, Member>} */
  const members = new Map();
  const add = (/** @type {Partial<Member> & { name: string }} */ member) => {
    const { name } = member;
    if (!members.has(name)) members.set(name, { label: name, options: [], isOpen: true, isNumber: false, ...member });
  };
  if (levels.length) {
    add({ name: "severity", label: "Severity", options: levels.map((each) => [each, each]), isOpen: false });
  }
  for (const field of type.filterable_fields) {
    const values = field.options ?? [];
    add({
      name: field.data_key,
      label: field.label,
      options: [
        ...(field.live ? [] : [/** @type {[string, string]} */ (["", "(none)"])]),
        ...values.map(
          (value) => /** @type {[string, string]} */ ([value, ownMember(field.option_labels, value) ?? value]),
        ),
      ],
      isOpen: field.live === true || !values.length,
      isNumber: field.type === "number",
    });
  }
  for (const name of placeholders(type.summary)) add({ name });
  return [...members.values()];
}

/** What the summary line shows, and what the filters ask for. */
export function exampleOf(/** @type {EventType} */ type, /** @type {Filters} */ filters) {
  /** @type {Map<string, Value>} */
  const members = new Map(placeholders(type.summary).map((name) => [name, "example"]));
  for (const { name, data_key: key, type: kind, options } of type.filterable_fields) {
    const [asked] = [ownMember(filters, name) ?? []].flat();
    if (asked !== undefined) members.set(key, asked);
    else if (members.has(key)) members.set(key, options?.[0] ?? (kind === "number" ? 1 : "example"));
  }
  return members;
}

/** The payload as JSON: numbers with the digits that were typed, and nothing of what was left empty. */
export function payloadOf(/** @type {Member[]} */ members, /** @type {(name: string) => string} */ typed) {
  const written = members.flatMap(({ name, isNumber }) => {
    const value = typed(name).trim();
    if (!value) return [];
    return [`${stringify(name)}:${isNumber && NUMBER.test(value) ? value : stringify(value)}`];
  });
  return `{${written.join(",")}}`;
}
