/**
 * Whether an event is what a subscription asks for, by the protocol's rules for filters. The server decides what is
 * sent; this tells which of one's own subscriptions an event belongs to.
 */

const HOLDS = {
  in: (actual, wanted) => actual === wanted,
  eq: (actual, wanted) => actual === wanted,
  contains: (actual, wanted) => actual.includes(wanted),
  prefix: (actual, wanted) => actual.startsWith(wanted),
  gte: (actual, wanted) => actual >= wanted,
  lte: (actual, wanted) => actual <= wanted,
};

export function matches(catalog, { eventTypes, filters }, event) {
  if (!eventTypes.includes(event.type)) return false;
  return Object.entries(filters).every(([name, asked]) => {
    const values = asked === "" ? [] : scalars(asked);
    const field = catalog.field(event.type, name);
    return !field || values.length === 0 || holds(field, values, scalars(event.data?.[field.data_key]));
  });
}

/** The values that can be compared: itself, or those of a list; none of null or an object. */
function scalars(value) {
  return [value].flat().filter((each) => ["string", "number", "boolean"].includes(typeof each));
}

function holds({ type, operator }, asked, members) {
  const isNumber = type === "number";
  const wanted = isNumber ? asked.map(Number) : asked.map(folded);
  const actual = isNumber ? members.filter((member) => typeof member === "number") : members.map(folded);
  return actual.some((member) => wanted.some((each) => HOLDS[operator](member, each)));
}

function folded(value) {
  return String(value).toLowerCase();
}
