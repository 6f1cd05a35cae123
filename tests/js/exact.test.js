import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { callEach } from "../../events/static/events/client/failures.js";
import { Digits, isScalar, parse, plainText, sameScalar, stringify } from "../../events/static/events/values/exact.js";
import { folded } from "../../events/static/events/values/folded.js";
import { labels, labelsText } from "../../events/static/events/values/labels.js";
import { isolated, legible, legibleJson } from "../../events/static/events/values/legible.js";
import { Narrowing } from "../../events/static/events/narrowing/narrowing.js";
import { ownMember } from "../../events/static/events/values/own_member.js";
import { Received } from "../../events/static/events/values/received.js";
import { Selection } from "../../events/static/events/builder/selection.js";
import { quoted } from "../../events/static/events/shared/shell.js";
import { eventSnippets } from "../../events/static/events/shared/snippets.js";
import { stored } from "../../events/static/events/shared/stored.js";
import { summaryPieces } from "../../events/static/events/values/summary.js";
import { catalogOf, payloadOf } from "./partial.js";

const shared = JSON.parse(readFileSync(new URL("legible.json", import.meta.url), "utf8"));
const EXACT = '{"n":9007199254740993,"f":1.0,"z":-0.0,"big":123456789012345678901234567890,"e":1e400,"2":"b","1":[{}]}';

test("JSON is read and written again with the same digits, names and order", () => {
  for (const text of [EXACT, "[]", '""', "-0", "1E5", '{"__proto__":{"constructor":null}}', '{"a":"\\u0000\\"\\\\"}']) {
    assert.equal(stringify(parse(text)), text);
  }
  assert.equal(stringify(parse(' { "a" : [ 1 , true ] } ')), '{"a":[1,true]}');
  const plain = { a: {}, b: [], c: [1, { d: "x" }] };
  assert.equal(stringify(parse(JSON.stringify(plain)), 2), JSON.stringify(plain, null, 2));
  assert.equal(parse("12.5"), 12.5);
  assert.ok(parse("1.0") instanceof Digits);
});

test("what is not JSON is refused", () => {
  for (const text of ["", "{", "[1,", '{"a" 1}', "01", '"abc', "[1,]", "1 2", "tru", "{a:1}", "+1", "1.", "[1}"]) {
    assert.throws(() => parse(text), SyntaxError, text);
  }
});

test("scalars are compared and written by their digits", () => {
  const [one, other] = [parse("9007199254740993"), parse("9007199254740993")];
  assert.ok(sameScalar(one, other) && !sameScalar(one, parse("9007199254740992")) && !sameScalar(parse("1.0"), 1));
  assert.deepEqual([one, 1, true, "x"].map(plainText), ["9007199254740993", "1", "true", "x"]);
});

test("an event keeps its digits in payload, copies and what narrows the feed", () => {
  const text = `{"type":"t","id":"e-1","timestamp":"2025-01-29T12:00:00.000Z","data":${EXACT}}`;
  const event = new Received({ type: "t", id: "e-1", timestamp: "2025-01-29T12:00:00.000Z", data: {} }, text);
  assert.equal(event.payload, EXACT);
  const snippets = eventSnippets(event, { site: "", mayEmit: true }).map(({ code }) => code);
  for (const code of snippets) {
    for (const digits of ["9007199254740993", "1.0", "-0.0", "123456789012345678901234567890", "1e400"]) {
      assert.ok(code.includes(digits), `${digits} in ${code}`);
    }
  }
  const narrowing = new Narrowing();
  const value = event.data.get("n");
  assert.ok(isScalar(value));
  narrowing.demand("n", value);
  assert.ok(narrowing.passes(event, catalogOf({ categories: [] })));
  const rounded = new Received({ type: "t", timestamp: event.timestamp, data: {} }, text.replace("0993", "0992"));
  assert.ok(!narrowing.passes(rounded, catalogOf({ categories: [] })));
});

test("an event of an answer has the text that the socket sends", () => {
  const text = `{"type":"t","id":"e-1","timestamp":"2025-01-29T12:00:00.000Z","data":${EXACT}}`;
  const event = Received.of(payloadOf(text));
  assert.deepEqual([event.text, event.payload, event.severity], [text, EXACT, ""]);
});

test("a number filter keeps the digits that were typed, in the address and in what is asked", () => {
  const number = { name: "least", type: "number", operator: "gte", data_key: "n", label: "Least" };
  const catalog = catalogOf({ categories: [{ events: [{ id: "t", filterable_fields: [number] }] }] });
  const asked = (text) => Selection.fromQuery(`event_type=t&filter.least=${text}`).subscription(catalog).filters.least;
  assert.deepEqual(["3", "0.5", "9007199254740993", "1.0", "abc"].map(asked), [
    3,
    0.5,
    "9007199254740993",
    "1.0",
    "abc",
  ]);
  const query = "event_type=t&filter.least=9007199254740993";
  const selection = Selection.fromQuery(query);
  const taken = new Selection();
  taken.take(selection.subscription(catalog), catalogOf({ categories: [] }));
  assert.equal(taken.query(), query);
});

test("names from outside are found only where they are", () => {
  for (const name of ["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__"]) {
    assert.equal(ownMember({}, name), undefined);
    const field = { name, label: name, type: "multiselect", operator: "in", data_key: name, options: ["constructor"] };
    const catalog = catalogOf({ categories: [{ id: name, events: [{ id: "t", filterable_fields: [field] }] }] });
    assert.equal(catalog.optionLabel("t", name, name), name);
    assert.equal(catalog.filters(["t"])[0].labels.get(name), undefined);
    const { filters } = Selection.fromQuery(`event_type=t&filter.${name}=x`).subscription(catalog);
    assert.deepEqual(Object.entries(filters), [[name, ["x"]]]);
    assert.deepEqual(Selection.fromQuery("event_type=t").subscription(catalog).filters, {});
    assert.deepEqual(catalog.label(name), name);
  }
});

test("what is stored by somebody else is not taken for subscriptions", () => {
  const nothing = { position: null, subscriptions: [] };
  for (const broken of [
    '{"position":"e-1","subscriptions":[{"eventTypes":null,"filters":{}}]}',
    '{"position":"e-1","subscriptions":[{"eventTypes":["a"],"filters":"x"}]}',
    '{"position":"e-1","subscriptions":[{"eventTypes":[{}],"filters":{}}]}',
  ]) {
    assert.deepEqual(stored(7, { getItem: () => broken }), nothing);
  }
  assert.equal(stored(7, { getItem: () => '{"position":{},"subscriptions":[]}' }).position, null);
});

test("text from outside is shown as on the server", () => {
  for (const [text, shown, inJson] of shared.texts) {
    assert.equal(legible(text), shown);
    assert.equal(legibleJson(JSON.stringify(text)), inJson);
  }
  assert.deepEqual(["plain", "أحمد", "a\u202eb"].map(isolated), ["plain", "\u2068أحمد\u2069", "\u2068a\ufffdb\u2069"]);
});

test("a summary line is in the pieces of the server", () => {
  for (const [summary, payload, pieces] of shared.lines) {
    const found = summaryPieces({ summary, label: "Label" }, { type: "t", data: payloadOf(payload) });
    assert.deepEqual(
      found.map((piece) => (typeof piece === "string" ? [piece, false] : [piece.outside, true])),
      pieces,
    );
  }
});

test("composed and decomposed accents are folded to the same", () => {
  assert.equal(folded("CAFE\u0301"), folded("café"));
  assert.equal(folded("Straße"), "strasse");
});

test("a shell's word shows what a terminal would hide or obey", () => {
  assert.equal(quoted("a\u202eb'\\\x1b"), "$'a\\u202eb\\'\\\\\\u001b'");
});

test("of several acts one that fails keeps none from being done", (context) => {
  const told = context.mock.method(console, "error", () => {});
  const done = [];
  callEach(
    () => done.push(1),
    () => {
      throw new Error("no");
    },
    () => done.push(3),
  );
  assert.deepEqual([done, told.mock.callCount()], [[1, 3], 1]);
});

test("of many event types the first are named, and how many more there are", () => {
  const ids = Array.from({ length: 100 }, (_, number) => `t${number}`);
  const words = labels(ids, (id) => id.toUpperCase())
    .map((part) => (typeof part === "string" ? part : part.outside))
    .join("");
  assert.equal(words, "T0, T1, T2, T3, T4, T5 and 94 more");
  assert.equal(labels(ids, (id) => id, 1).at(-1), " and 99 more");
  assert.equal(
    labelsText(ids.slice(0, 2), (id) => id),
    "t0, t1",
  );
});
