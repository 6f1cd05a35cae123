import assert from "node:assert/strict";
import { test } from "node:test";

import { divided, parts, refusal } from "../../events/static/events/builder/room.js";
import { catalogOf } from "./partial.js";

const LIMITS = {
  subscriptions_per_connection: 4,
  event_types_per_subscription: 100,
  values_per_filter: 5,
  value_length: 10,
  text_conditions_per_connection: 2,
  subscription_bytes_per_connection: 5_000,
};
const levels = (...options) => ({
  name: "severity",
  label: "Severity",
  type: "multiselect",
  operator: "in",
  data_key: "severity",
  options,
});
const text = { name: "what", label: "What", type: "text", operator: "contains", data_key: "what" };
const type = (number, fields) => ({ id: `t${number}`, label: `Type ${number}`, filterable_fields: fields });
const events = Array.from({ length: 250 }, (_, number) =>
  type(number, number < 120 ? [levels("info"), text] : [levels("info", "error")]),
);
const catalog = catalogOf({ version: 1, limits: LIMITS, categories: [{ id: "c", label: "C", events }] });
const ids = events.map(({ id }) => id);
const asking = (count, filters = {}) => ({ eventTypes: ids.slice(0, count), filters });

test("a list is divided into parts of at most so many", () => {
  assert.deepEqual(parts([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(parts([], 2), []);
});

test("what is too wide for one subscription is asked for by several, each of which the server takes", () => {
  assert.deepEqual(divided(asking(100), catalog), [asking(100)]);
  const all = divided(asking(250), catalog);
  assert.deepEqual(
    all.map(({ eventTypes }) => eventTypes.length),
    [100, 100, 50],
  );
  assert.deepEqual(
    all.flatMap(({ eventTypes }) => eventTypes),
    ids,
  );
  const [first, second, third] = divided(asking(250, { severity: ["info", "error"], what: ["x"] }), catalog);
  assert.deepEqual(first.filters, { severity: ["info"], what: ["x"] });
  assert.deepEqual(second.filters, { severity: ["info", "error"], what: ["x"] });
  assert.deepEqual(third.filters, { severity: ["info", "error"] });
  const errors = divided(asking(250, { severity: ["error"] }), catalog); // the others cannot have one
  assert.deepEqual(
    errors.flatMap(({ eventTypes }) => eventTypes),
    ids.slice(120),
  );
});

test("what the limits have no room for is said with the limit", () => {
  const said = (asked, others = []) => refusal([asked].flat(), others, catalog);
  assert.equal(said(asking(100)), "");
  assert.match(said(asking(101)), /at most 100 event types; 101 are ticked/);
  assert.match(said(asking(1), Array(4).fill(asking(1))), /at most 4 subscriptions at a time/);
  assert.match(
    said(asking(1, { severity: Array.from({ length: 6 }, String) })),
    /Severity: at most 5 values .* these are 6/,
  );
  assert.match(said(asking(1, { what: ["x".repeat(11)] })), /What: a value can have at most 10 characters/);
  assert.equal(said(asking(1, { what: ["😀".repeat(10)] })), "");
  assert.match(
    said(asking(1, { what: ["a"] }), [asking(1, { what: ["b"] }), asking(1, { what: ["c"] })]),
    /at most 2 texts; .* 3/,
  );
  assert.equal(said(asking(9, { what: ["a", "A"] })), "");
  assert.match(
    said(
      asking(100),
      divided(asking(250), catalog).map((each) => ({ ...each, filters: { x: "y".repeat(1500) } })),
    ),
    /more than 5,000 bytes/,
  );
});
