/** A condition of the server's explanation, in words. */
import { joined } from "../shared/dom.js";
import { isScalar, plainText, stringify } from "../values/exact.js";
import { legibleJson, outside } from "../values/legible.js";
import { OPERATORS } from "../values/operators.js";

/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Json } from "../values/exact.js" */

/**
 * @typedef {object} Condition of the server's explanation
 * @property {string} filter
 * @property {string} operator
 * @property {Json[]} wanted
 * @property {Json} actual
 * @property {boolean} matched
 */

/** {label, wanted, actual}, as `say` writes them: "Severity is", "error or critical", "info". */
export function inWords(
  /** @type {Condition} */ { filter, operator, wanted, actual },
  /** @type {Catalog} */ catalog,
  /** @type {string} */ typeId,
) {
  const isType = filter === "event_type";
  const named = (/** @type {string} */ value) =>
    isType ? catalog.label(value) : catalog.optionLabel(typeId, filter, value);
  const label = isType ? "Event type" : (catalog.field(typeId, filter)?.label ?? filter);
  return {
    label: [outside(label), ` ${OPERATORS.get(operator)?.verb ?? "is"}`],
    wanted: joined(
      wanted.map((value) => outside(named(plainText(value)))),
      " or ",
    ),
    actual: actual === null ? "nothing of it" : outside(valueText(actual, named)),
  };
}

function valueText(/** @type {Json} */ actual, /** @type {(value: string) => string} */ named) {
  return isScalar(actual) ? named(plainText(actual)) : legibleJson(stringify(actual));
}
