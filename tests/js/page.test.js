import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Buffer } from "../../events/static/events/feed/buffer.js";
import { exampleCommand } from "../../events/static/events/status/empty.js";
import { matches } from "../../events/static/events/values/predicate.js";
import { replayRemark } from "../../events/static/events/status/remark.js";
import { Selection, sameSubscription } from "../../events/static/events/builder/selection.js";
import { store, stored } from "../../events/static/events/shared/stored.js";
import { ago, count, summaryLine } from "../../events/static/events/values/summary.js";
import { whyRefused } from "../../events/static/events/values/why_refused.js";
import { catalogOf, payloadOf } from "./partial.js";

const servers = { name: "mcp_names", label: "MCP servers", type: "multiselect", operator: "in", data_key: "mcp_name" };
const severity = { name: "severity", label: "Severity", type: "multiselect", operator: "in", data_key: "severity" };
const cycles = {
  name: "min_cycles",
  label: "Cycles",
  type: "number",
  operator: "gte",
  data_key: "cycles",
  options: [],
};
const catalog = catalogOf({
  version: 1,
  categories: [
    {
      id: "mcp",
      label: "MCP",
      events: [
        {
          id: "status",
          external: true,
          label: "Status",
          summary: "{mcp_name} went {new_status}",
          filterable_fields: [
            { ...servers, options: ["a", "b"], option_labels: { a: "Alpha" }, live: true },
            { ...severity, options: ["error", "critical"] },
          ],
        },
        {
          id: "check",
          label: "Check",
          summary: "",
          filterable_fields: [{ ...servers, options: ["b", "c"] }, { ...severity, options: ["info", "error"] }, cycles],
        },
      ],
    },
  ],
});

test("a filter that several types declare is one, with the options of all and the types that it binds", () => {
  const [names, levels, number] = catalog.filters(["status", "check"]);
  assert.deepEqual([names.options, names.live, names.labels], [["a", "b", "c"], true, new Map([["a", "Alpha"]])]);
  assert.deepEqual(levels.options, ["info", "error", "critical"]);
  assert.deepEqual(number.binds, ["check"]);
});

test("a subscription has only filters that a ticked type declares, and numbers as numbers", () => {
  const ticked = "event_type=status&event_type=gone";
  const selection = Selection.fromQuery(`${ticked}&filter.severity=error&filter.min_cycles=3`);
  assert.deepEqual(selection.subscription(catalog), { eventTypes: ["status"], filters: { severity: ["error"] } });
  selection.tick("check", true);
  assert.deepEqual(selection.subscription(catalog).filters, { severity: ["error"], min_cycles: 3 });
});

test("a selection survives being written as a query", () => {
  const query = "tab=mcp&event_type=status&filter.mcp_names=a&filter.mcp_names=%C3%BC+%26";
  assert.equal(Selection.fromQuery(query).query(), query);
});

test("two subscriptions are the same whatever the order of types, filters and values", () => {
  const one = { eventTypes: ["a", "b"], filters: { x: ["1", "2"], y: 3 } };
  assert.ok(sameSubscription(one, { eventTypes: ["b", "a"], filters: { y: ["3"], x: ["2", "1"] } }));
  assert.ok(!sameSubscription(one, { eventTypes: ["a"], filters: one.filters }));
});

test("filters are applied as the server applies them", () => {
  const text = readFileSync(new URL("matching.json", import.meta.url), "utf8");
  const { fields, cases } = JSON.parse(text);
  const exactly = payloadOf(text).get("cases");
  assert.ok(Array.isArray(exactly));
  const all = catalogOf({ categories: [{ events: [{ id: "t", filterable_fields: fields }] }] });
  for (const [place, each] of cases.entries()) {
    const event = { type: "t", data: Object(exactly[place]).get("data") };
    const found = matches(all, { eventTypes: ["t"], filters: each.filters }, event);
    assert.equal(found, each.matches, JSON.stringify(each));
  }
});

test("a filter does not bind a type that does not declare it", () => {
  const asked = { eventTypes: ["status", "check"], filters: { min_cycles: 3 } };
  assert.ok(matches(catalog, asked, { type: "status", data: new Map() }));
  assert.ok(!matches(catalog, asked, { type: "check", data: new Map() }));
  assert.ok(!matches(catalog, asked, { type: "other", data: new Map([["cycles", 9]]) }));
});

test("a summary names members, shows ? for what is missing, and is no template language", () => {
  const line = (summary, data) =>
    summaryLine({ summary, label: "Label" }, { type: "t", data: new Map(Object.entries(data)) });
  assert.equal(line("{mcp_name} went {new_status}", { mcp_name: "oracle" }), "oracle went ?");
  assert.equal(line("{a.b} {} {a}", { a: ["x", new Map([["y", 1]])] }), '{a.b} {} ["x",{"y":1}]');
  assert.equal(line("{a}", { a: "{b}", b: "no" }), "{b}");
  assert.equal(line("", {}), "Label");
  assert.equal(summaryLine(undefined, { type: "gone", data: new Map() }), "gone");
  assert.equal(line("{a}", { a: "x".repeat(60_000) }).length, 400);
});

test("time and number are written in words", () => {
  assert.deepEqual([0, 2100, 61_000, 7_300_000].map(ago), ["now", "2 s ago", "1 min ago", "2 h ago"]);
  assert.deepEqual([count(1, "event"), count(1200, "event")], ["1 event", "1,200 events"]);
});

test("the buffer keeps the newest with their numbers, and counts what it discards", () => {
  const buffer = new Buffer(4);
  for (let number = 1; number <= 6; number += 1) buffer.add(number);
  const items = (from) => [...buffer.backwards(from)].map(([, item]) => item);
  assert.deepEqual([items(), items(5), buffer.discarded, buffer.first], [[6, 5, 4, 3], [5, 4, 3], 2, 3]);
  buffer.clear(5);
  assert.equal(buffer.add(7), undefined);
  assert.deepEqual(
    [[...buffer.backwards()], buffer.discarded],
    [
      [
        [7, 7],
        [6, 6],
      ],
      0,
    ],
  );
  buffer.clear();
  assert.deepEqual([items(), buffer.first, buffer.added], [[], 8, 7]);
});

test("the example command has what the summary shows and what the filters ask for, quoted for a shell", () => {
  const asked = [{ eventTypes: ["check", "status"], filters: { severity: ["critical"], mcp_names: ["it's"] } }];
  assert.equal(
    exampleCommand(asked, catalog, true),
    ".venv/bin/python manage.py emit_event status mcp_name='it'\\''s' new_status=example severity=critical",
  );
  assert.equal(exampleCommand(asked, catalog, false), null);
});

test("subscriptions and position are kept for each user apart, and storage that fails costs nothing but them", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const asked = { eventTypes: ["a"], filters: {} };
  store(7, { position: "e-1", subscriptions: [Object.assign({ id: "sub_1" }, asked)] }, storage);
  assert.deepEqual(stored(7, storage), { position: "e-1", subscriptions: [asked] });
  const nothing = { position: null, subscriptions: [] };
  assert.deepEqual(stored(8, storage), nothing);
  for (const broken of ["{", "[]", "null"]) assert.deepEqual(stored(7, { getItem: () => broken }), nothing);
  store(7, nothing, {
    setItem: () => {
      throw new Error("full");
    },
  });
});

test("a replay is told in a line, a gap with its reason", () => {
  assert.equal(replayRemark({ count: 14, complete: true }), "resumed, 14 replayed, 0 lost");
  const line = (reason, error) => replayRemark({ count: 1200, complete: false, reason, error });
  assert.match(line("expired"), /^resumed, 1,200 replayed, with a gap: the log no longer reaches back to /);
  assert.match(line("epoch"), /another one now/);
  assert.match(line("limit"), /more happened than one replay brings/);
  assert.match(line("refused", { message: "No." }), /\(No\.\)/);
  assert.match(line("new word"), /with a gap: new word\.$/);
});

test("a subscription can be taken into the selection, and the selection from before comes back", () => {
  const selection = Selection.fromQuery("tab=other&event_type=check");
  const before = selection.query();
  const asked = { eventTypes: ["check"], filters: { min_cycles: 3, severity: ["error"] } };
  selection.take(asked, catalog);
  assert.ok(sameSubscription(selection.subscription(catalog), asked));
  assert.equal(selection.tab, "mcp");
  selection.read(before);
  assert.equal(selection.query(), before);
});

test("of a type that is gone the page does not say which types there are", () => {
  const refused = (code, message) => whyRefused(Object.assign(new Error(message), { code }));
  const gone = refused("unknown_event_type", "event_types[0]: there is no event type “a”; allowed: b, c.");
  assert.equal(gone, "one of its event types is gone, or you may not see it any more.");
  assert.equal(refused("invalid_filter", "filters.x: no such filter."), "filters.x: no such filter.");
});
