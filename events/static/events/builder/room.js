/**
 * What the protocol's limits have room for. What is too wide for one subscription is made as several; what there is no
 * room for is said before anybody asks the server for it.
 */
import { folded } from "../values/folded.js";
import { isolated } from "../values/legible.js";
import { OPERATORS } from "../values/operators.js";
import { ownMember } from "../values/own_member.js";
import { askedValues, possible } from "../values/predicate.js";
import { grouped } from "../values/summary.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Scalar } from "../values/exact.js" */

const BYTES = new TextEncoder();
const AN_ID = "sub_000000000000";

/**
 * Returns a list in parts of at most so many.
 * @template T
 * @param {T[]} list
 */
export function parts(list, most = Infinity) {
  /** @type {T[][]} */
  const found = [];
  for (let first = 0; first < list.length; first += most) found.push(list.slice(first, first + most));
  return found;
}

/**
 * Returns as many subscriptions as it takes; together they ask for the same.
 * @returns {Asked[]}
 */
export function divided(/** @type {Asked} */ asked, /** @type {Catalog} */ catalog) {
  const most = catalog.limits.event_types_per_subscription;
  if (most === undefined || asked.eventTypes.length <= most) return [asked];
  const names = Object.keys(asked.filters);
  const field = (/** @type {string} */ type, /** @type {string} */ name) => catalog.field(type, name);
  const values = (/** @type {string} */ name) => askedValues(ownMember(asked.filters, name));
  const canHave = (/** @type {string} */ type, /** @type {string} */ name, /** @type {Scalar} */ value) => {
    const declared = field(type, name);
    return declared !== undefined && possible(declared, [value]).length > 0;
  };
  const canMatch = (/** @type {string} */ type) =>
    names.every(
      (name) => !field(type, name) || !values(name).length || values(name).some((each) => canHave(type, name, each)),
    );
  return parts(asked.eventTypes.filter(canMatch), most).map((eventTypes) => {
    // The server refuses a filter that none of the types has, and a value that none of them can have.
    const declared = names.filter((name) => eventTypes.some((type) => field(type, name)));
    const filters = declared.map((name) => {
      const isPossible = (/** @type {Scalar} */ value) => eventTypes.some((type) => canHave(type, name, value));
      return [name, values(name).filter(isPossible)];
    });
    return { eventTypes, filters: Object.fromEntries(filters) };
  });
}

/** Why the server would refuse these beside the others that there are; "" when it would not. */
export function refusal(/** @type {Asked[]} */ asked, /** @type {Asked[]} */ others, /** @type {Catalog} */ catalog) {
  const { limits } = catalog;
  const together = [...asked, ...others];
  const texts = sum(together, (each) => textConditions(each, catalog));
  return first([
    ...asked.map((each) => ofOne(each, catalog)),
    over(
      together.length,
      limits.subscriptions_per_connection,
      (most) => `There can be at most ${most} subscriptions at a time: unsubscribe from some first.`,
    ),
    over(
      texts,
      limits.text_conditions_per_connection,
      (most) =>
        `All subscriptions together can look for at most ${most} texts; with this they would be ${grouped(texts)}.`,
    ),
    over(
      sum(together, size),
      limits.subscription_bytes_per_connection,
      (most) => `All subscriptions together would take more than ${most} bytes: choose fewer types or values.`,
    ),
  ]);
}

function ofOne(/** @type {Asked} */ { eventTypes, filters }, /** @type {Catalog} */ catalog) {
  const { limits } = catalog;
  const ticked = grouped(eventTypes.length);
  return first([
    over(
      eventTypes.length,
      limits.event_types_per_subscription,
      (most) => `One subscription can ask for at most ${most} event types; ${ticked} are ticked.`,
    ),
    ...catalog.filters(eventTypes).map(({ name, label }) => {
      const values = askedValues(ownMember(filters, name));
      return first([
        over(
          values.length,
          limits.values_per_filter,
          (most) => `${isolated(label)}: at most ${most} values can be chosen; these are ${grouped(values.length)}.`,
        ),
        over(
          Math.max(0, ...values.map((value) => [...String(value)].length)),
          limits.value_length,
          (most) => `${isolated(label)}: a value can have at most ${most} characters.`,
        ),
      ]);
    }),
  ]);
}

function first(/** @type {string[]} */ reasons) {
  return reasons.find((reason) => reason) ?? "";
}

function over(
  /** @type {number} */ number,
  /** @type {number | undefined} */ most,
  /** @type {(most: string) => string} */ sentence,
) {
  return most !== undefined && number > most ? sentence(grouped(most)) : "";
}

function sum(/** @type {Asked[]} */ list, /** @type {(asked: Asked) => number} */ of) {
  return list.reduce((all, each) => all + of(each), 0);
}

function textConditions(/** @type {Asked} */ { eventTypes, filters }, /** @type {Catalog} */ catalog) {
  const found = new Set();
  for (const { name, operator } of catalog.filters(eventTypes)) {
    if (!OPERATORS.get(operator)?.isText) continue;
    for (const value of askedValues(ownMember(filters, name))) found.add(`${name} ${folded(String(value))}`);
  }
  return found.size;
}

function size(/** @type {Asked} */ { eventTypes, filters }) {
  return BYTES.encode(JSON.stringify({ subscription_id: AN_ID, event_types: eventTypes, filters })).length;
}
