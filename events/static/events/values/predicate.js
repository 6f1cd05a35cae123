/**
 * Whether an event is what a subscription asks for, by the server's rule (events/core/filters.py), which
 * `tests/js/matching.json` and a comparison over all characters hold this to. The server decides what is sent; this
 * tells which of one's own subscriptions an event counts for.
 */
import { Digits, isScalar, plainText } from "./exact.js";
import { folded } from "./folded.js";
import { own } from "./own.js";

const HOLDS = new Map([
  // biome-ignore lint/suspicious/noDoubleEquals: of a BigInt and a number, === is never true
  ["in", (actual, wanted) => actual == wanted],
  // biome-ignore lint/suspicious/noDoubleEquals: likewise
  ["eq", (actual, wanted) => actual == wanted],
  ["contains", (actual, wanted) => actual.includes(wanted)],
  ["prefix", (actual, wanted) => actual.startsWith(wanted)],
  ["gte", (actual, wanted) => actual >= wanted],
  ["lte", (actual, wanted) => actual <= wanted],
]);
const INTEGER = /^[+-]?[0-9]+$/;
const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** `event.data` is a Map, as `exact.parse` makes it. */
export function matches(catalog, { eventTypes, filters }, event) {
  if (!eventTypes.includes(event.type)) return false;
  return Object.keys(filters).every((name) => {
    const field = catalog.field(event.type, name);
    const asked = askedValues(own(filters, name));
    return !field || asked.length === 0 || holds(field, asked, scalars(event.data.get(field.data_key)));
  });
}

/** The values of one filter; `[]`, `""` and null ask nothing. */
export function askedValues(asked) {
  return asked === "" ? [] : scalars(asked);
}

/** Those of the values, in the form in which they compare, that this field can have. */
export function possible(field, asked) {
  if (field.type === "number") return asked.map(asNumber).filter((value) => value !== null);
  const wanted = asked.map(comparable);
  const options = field.live || !field.options?.length ? null : new Set(field.options.map(folded));
  return options ? wanted.filter((value) => options.has(value)) : wanted;
}

/** The values that can be compared: itself, or those of a list; none of null or an object. */
function scalars(value) {
  return [value].flat().filter(isScalar);
}

function holds(field, asked, members) {
  const wanted = possible(field, asked);
  const actual = field.type === "number" ? members.filter(isNumber).map(asNumber) : members.map(comparable);
  const compare = HOLDS.get(field.operator);
  return actual.some((member) => wanted.some((each) => compare(member, each)));
}

function comparable(value) {
  // The server writes 1e+21 as 1e21.
  return folded(typeof value === "number" ? String(value).replace("e+", "e") : plainText(value));
}

function isNumber(value) {
  return typeof value === "number" || value instanceof Digits;
}

/** Integers beyond 2^53 as BigInt, which compares exactly, also with a number; null for what is no number. */
function asNumber(value) {
  if (typeof value === "boolean") return null;
  const text = String(value).trim();
  if (INTEGER.test(text)) {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text.replace("+", ""));
  }
  const number = DECIMAL.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : null;
}
