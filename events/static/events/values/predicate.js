/**
 * Whether an event is what a subscription asks for, by the server's rule (events/core/filters.py), which
 * `tests/js/matching.json` and a comparison over all characters hold this to. The server decides what is sent; this
 * tells which of one's own subscriptions an event counts for.
 */
import { Digits, isScalar, plainText } from "./exact.js";
import { folded } from "./folded.js";
import { OPERATORS } from "./operators.js";
import { ownMember } from "./own_member.js";

/** @import { Asked, Field, Value } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Json, Scalar } from "./exact.js" */
/** @import { Comparable } from "./operators.js" */
/** @import { Received } from "./received.js" */

const INTEGER = /^[+-]?[0-9]+$/;
const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** `event.data` is a Map, as `exact.parse` makes it. */
export function matches(
  /** @type {Catalog} */ catalog,
  /** @type {Asked} */ { eventTypes, filters },
  /** @type {Pick<Received, "type" | "data">} */ event,
) {
  if (!eventTypes.includes(event.type)) return false;
  return Object.keys(filters).every((name) => {
    const field = catalog.field(event.type, name);
    const asked = askedValues(ownMember(filters, name));
    return !field || asked.length === 0 || holds(field, asked, scalars(event.data.get(field.data_key)));
  });
}

/** The values of one filter; `[]`, `""` and null ask nothing. */
export function askedValues(/** @type {Value | Value[] | undefined} */ asked) {
  return asked === "" ? [] : scalars(asked);
}

/**
 * Returns those of the values, in the form in which they compare, that this field can have.
 * @returns {Comparable[]}
 */
export function possible(/** @type {Field} */ field, /** @type {Scalar[]} */ asked) {
  if (field.type === "number") return numbers(asked);
  const wanted = asked.map(comparable);
  const options = field.live || !field.options?.length ? null : new Set(field.options.map(folded));
  return options ? wanted.filter((value) => options.has(value)) : wanted;
}

function numbers(/** @type {Scalar[]} */ values) {
  return values.map(asNumber).filter((value) => value !== null);
}

/** The values that can be compared: itself, or those of a list; none of null or an object. */
function scalars(/** @type {Json | undefined} */ value) {
  return [value].flat().filter(isScalar);
}

function holds(/** @type {Field} */ field, /** @type {Scalar[]} */ asked, /** @type {Scalar[]} */ members) {
  const wanted = possible(field, asked);
  const actual = field.type === "number" ? numbers(members.filter(isNumber)) : members.map(comparable);
  const compare = OPERATORS.get(field.operator)?.holds ?? (() => false);
  return actual.some((member) => wanted.some((each) => compare(member, each)));
}

function comparable(/** @type {Scalar} */ value) {
  // The server writes 1e+21 as 1e21.
  return folded(typeof value === "number" ? String(value).replace("e+", "e") : plainText(value));
}

function isNumber(/** @type {Scalar} */ value) {
  return typeof value === "number" || value instanceof Digits;
}

/** Integers beyond 2^53 as BigInt, which compares exactly, also with a number; null for what is no number. */
function asNumber(/** @type {Scalar} */ value) {
  if (typeof value === "boolean") return null;
  const text = String(value).trim();
  if (INTEGER.test(text)) {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text.replace("+", ""));
  }
  const number = DECIMAL.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : null;
}
