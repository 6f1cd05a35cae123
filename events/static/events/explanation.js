/** A condition of the server's explanation, in words. */

const BETWEEN = { contains: " contains", prefix: " begins with", gte: " is at least", lte: " is at most" };

/** {label, wanted, actual}: "Severity is", "error or critical", "info". */
export function inWords({ filter, operator, wanted, actual }, catalog, typeId) {
  const isType = filter === "event_type";
  const named = (value) => (isType ? catalog.label(value) : catalog.optionLabel(typeId, filter, value));
  const label = isType ? "Event type" : (catalog.field(typeId, filter)?.label ?? filter);
  return {
    label: `${label}${BETWEEN[operator] ?? " is"}`,
    wanted: wanted.map((value) => named(value)).join(" or "),
    actual: actual === null ? "nothing of it" : valueText(actual, named),
  };
}

function valueText(actual, named) {
  return typeof actual === "object" ? JSON.stringify(actual) : named(actual);
}
