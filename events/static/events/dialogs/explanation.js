/** A condition of the server's explanation, in words. */
import { joined } from "../shared/dom.js";
import { isScalar, plainText, stringify } from "../values/exact.js";
import { legibleJson, outside } from "../values/legible.js";

const BETWEEN = new Map([
  ["contains", " contains"],
  ["prefix", " begins with"],
  ["gte", " is at least"],
  ["lte", " is at most"],
]);

/** {label, wanted, actual}, as `say` writes them: "Severity is", "error or critical", "info". */
export function inWords({ filter, operator, wanted, actual }, catalog, typeId) {
  const isType = filter === "event_type";
  const named = (value) => (isType ? catalog.label(value) : catalog.optionLabel(typeId, filter, value));
  const label = isType ? "Event type" : (catalog.field(typeId, filter)?.label ?? filter);
  return {
    label: [outside(label), BETWEEN.get(operator) ?? " is"],
    wanted: joined(
      wanted.map((value) => outside(named(plainText(value)))),
      " or ",
    ),
    actual: actual === null ? "nothing of it" : outside(valueText(actual, named)),
  };
}

function valueText(actual, named) {
  return isScalar(actual) ? named(plainText(actual)) : legibleJson(stringify(actual));
}
