import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiProblem, ask, parametersOf } from "../../events/static/events/shared/api.js";
import { parse } from "../../events/static/events/values/exact.js";
import { inWords } from "../../events/static/events/dialogs/explanation.js";
import { ticksOf } from "../../events/static/events/overview/axis.js";
import { BARS, Volume, total } from "../../events/static/events/overview/volume.js";
import { KEPT, Memory } from "../../events/static/events/feed/memory.js";
import { Narrowing } from "../../events/static/events/narrowing/narrowing.js";
import { lines } from "../../events/static/events/values/ndjson.js";
import { Older, following } from "../../events/static/events/feed/older.js";
import { previewText } from "../../events/static/events/builder/preview.js";
import { Received } from "../../events/static/events/values/received.js";
import { Sampling } from "../../events/static/events/feed/sampling.js";
import { answerCame, serverNow } from "../../events/static/events/time/server_time.js";
import { quoted } from "../../events/static/events/shared/shell.js";
import { eventSnippets, subscriptionSnippets } from "../../events/static/events/shared/snippets.js";
import { age, clockTime, dateAndTime, fullTime, minuteTime } from "../../events/static/events/values/summary.js";
import { Unread } from "../../events/static/events/status/unread.js";
import { catalogOf } from "./partial.js";

const field = { name: "mcp_names", label: "MCP servers", type: "multiselect", operator: "in", data_key: "mcp_name" };
const labelled = { ...field, options: ["a"], option_labels: { a: "Alpha" } };
const catalog = catalogOf({
  version: 1,
  categories: [
    {
      id: "mcp",
      events: [{ id: "status", label: "Status", summary: "{mcp_name} went", filterable_fields: [labelled] }],
    },
  ],
});

/** As the page has an event: by its text. */
function received(data, id = "e-1") {
  const text = JSON.stringify({ type: "status", id, timestamp: "2025-01-29T12:00:00.000Z", data });
  return new Received(JSON.parse(text), text);
}

test("events are sampled while they come in floods, not after a single burst, and again all are shown soon after", () => {
  let now = 0;
  const sampling = new Sampling(() => now);
  const second = (events) => {
    for (let number = 0; number < events; number += 1) sampling.arrived();
    now += 1000;
  };
  second(10_000);
  assert.equal(sampling.step, 1);
  for (let number = 0; number < 4; number += 1) second(200);
  assert.equal(sampling.step, 1);
  for (const events of [500, 500, 500, 1500, 0, 1000]) second(events);
  assert.equal(sampling.step, 3);
  now += 4000;
  assert.equal(sampling.step, 1);
});

test("the volume counts by time and severity, against the time before, and goes on with the clock", () => {
  const HOUR = 3_600_000;
  let now = 2 * HOUR;
  const volume = new Volume(() => now);
  /** @type {Record<string, number>[]} */
  const parts = Array.from({ length: 2 * BARS }, () => ({}));
  parts[0] = { error: 2 };
  parts[119] = { info: 1 };
  volume.set(0, 2 * HOUR, parts, true);
  assert.deepEqual(volume.span, { since: HOUR + 60_000, until: 2 * HOUR + 60_000 }); // its last minute has begun
  volume.add("critical", now);
  volume.add("made up", now - 60_000);
  volume.add("info", -1);
  assert.deepEqual(volume.bars.slice(-2), [[["info", 2]], [["critical", 1]]]);
  assert.equal(total(volume.counts), 3);
  assert.equal(total(volume.countsBefore), 0); // they were of the minute that has passed
  now += HOUR;
  assert.equal(total(volume.counts), 0);
  assert.equal(total(volume.countsBefore), 3);

  volume.set(0, 2 * HOUR, parts, false); // a time that is over
  volume.add("info", now);
  assert.deepEqual([total(volume.counts), total(volume.countsBefore)], [1, 2]);
});

test("the feed is narrowed by text in summary and payload, and by values", () => {
  const event = received({ mcp_name: "oracle", reason: "Timed OUT", roles: ["staff", "admin"], count: 3 });
  const narrowing = new Narrowing();
  const passes = () => narrowing.passes(event, catalog);
  assert.ok(narrowing.passes({ remark: "resumed" }, catalog));
  /** @type {[string, boolean][]} */
  const cases = [
    ["ORACLE WENT", true],
    ["timed out", true],
    [" status ", true],
    ["mysql", false],
  ];
  for (const [text, found] of cases) {
    narrowing.search(text);
    assert.equal(passes(), found, String(text));
  }
  assert.ok(!narrowing.passes({ remark: "mysql" }, catalog));
  narrowing.clear();
  narrowing.demand("count", 3);
  narrowing.demand("count", 3);
  narrowing.demand("roles", "admin");
  assert.deepEqual([passes(), narrowing.values.length], [true, 2]);
  narrowing.demand("toString", "x");
  assert.ok(!passes());
  narrowing.withdraw(narrowing.values[2]);
  assert.ok(passes());
});

test("an export has one object a line, in the words in which it came", () => {
  const text = '{"type":"a","id":"e-1","timestamp":"t","data":{"text":"two\\nlines","n":9007199254740993,"f":1.0}}';
  assert.equal(lines([new Received(JSON.parse(text), text)]).join(""), `${text}\n`);
});

/** A log of `events` numbers, read in pages of two; `cutAt`: a search that stops there at first. */
function log(events, cutAt = 0) {
  let isCut = cutAt > 0;
  return async (parameters) => {
    const before = Number((parameters.get("cursor") ?? "e-99").slice(2));
    const even = parameters.get("event_type") === "even";
    const asked = events.filter((number) => number < before && (!even || number % 2 === 0));
    if (isCut) {
      isCut = false;
      const found = asked.filter((number) => number >= cutAt);
      return { events: found.map((number) => ({ id: `e-${number}` })), next: `e-${cutAt}`, looked_back_to: "then" };
    }
    const page = asked.slice(0, 2);
    const next = asked.length > 2 ? `e-${page.at(-1)}` : null;
    return { events: page.map((number) => ({ id: `e-${number}` })), next };
  };
}

const numbers = (events) => events.map(({ id }) => Number(id.slice(2)));
const both = [
  { eventTypes: ["all"], filters: {} },
  { eventTypes: ["even"], filters: {} },
];

test("older events of several subscriptions come newest first, each once, down to the first", async () => {
  const older = new Older(both, "e-9", {}, log([12, 8, 7, 5, 4, 3, 2, 1]));
  assert.deepEqual(numbers(await older.next(3)), [8, 7, 5]);
  assert.ok(!older.isDone);
  assert.deepEqual(numbers(await older.next(99)), [4, 3, 2, 1]);
  assert.ok(older.isDone);
  assert.equal(following("7f3a9c21d4e80b65-4711"), "7f3a9c21d4e80b65-4712");
});

test("when a search is cut short, nothing that might come in between is passed over", async () => {
  const older = new Older([both[0]], null, {}, log([12, 8, 7, 5], 8));
  assert.deepEqual([numbers(await older.next(99)), older.lookedBackTo], [[12, 8], "then"]);
  assert.deepEqual([numbers(await older.next(99)), older.lookedBackTo, older.isDone], [[7, 5], null, true]);
});

test("the preview is one line, with a rate that can be read", () => {
  const line = (matched, perMinute, lookedAt = 1000) =>
    previewText({ looked_at: lookedAt, matched, per_minute: perMinute });
  assert.equal(
    line(37, 4.26),
    "Would have matched 37 of the last 1,000 events of the chosen types, about 4.3 a minute.",
  );
  assert.match(line(3, 0.05), /about 3 an hour\.$/);
  assert.match(line(3, 0.001), /about 1\.4 a day\.$/);
  assert.match(line(0, 0, 20), /^Would have matched 0 of the last 20 events of the chosen types\.$/);
  assert.equal(line(0, 0, 0), "No such event has been logged yet.");
});

test("what a subscription asks for is written as parameters", () => {
  const asked = { eventTypes: ["a", "b"], filters: { names: ["x y", "z"], least: 3, nothing: null } };
  assert.equal(
    parametersOf(asked).toString(),
    "event_type=a&event_type=b&filter.names=x+y&filter.names=z&filter.least=3",
  );
});

test("an answer that is no success rejects with what the server said, or that there is none", async (context) => {
  const answers = (status, body) =>
    context.mock.method(globalThis, "fetch", async () => new Response(body, { status }));
  answers(422, '{"status": 422, "code": "invalid_filter", "detail": "no such option."}');
  await assert.rejects(ask("preview", ""), { name: "ApiProblem", code: "invalid_filter", message: "no such option." });
  answers(502, "<html>");
  await assert.rejects(ask("preview", ""), { status: 502, message: "The server answered with status 502." });
  context.mock.method(globalThis, "fetch", () => Promise.reject(new TypeError("failed")));
  await assert.rejects(
    ask("preview", ""),
    (error) => error instanceof ApiProblem && /could not be reached/.test(error.message),
  );
});

test("a condition is said with labels", () => {
  const condition = { filter: "mcp_names", operator: "in", wanted: ["a", "b"], actual: "a" };
  const text = (words) =>
    [words]
      .flat()
      .map((part) => part.outside ?? part)
      .join("");
  const said = (one, type) => {
    const words = Object.entries(inWords(one, catalog, type)).map(([name, parts]) => [name, text(parts)]);
    return Object.fromEntries(words);
  };
  assert.deepEqual(said(condition, "status"), { label: "MCP servers is", wanted: "Alpha or b", actual: "Alpha" });
  const missing = { filter: "gone", operator: "gte", wanted: [3], actual: null };
  assert.deepEqual(said(missing, "status"), { label: "gone is at least", wanted: "3", actual: "nothing of it" });
  const type = { filter: "event_type", operator: "in", wanted: ["status"], actual: "other" };
  assert.deepEqual(said(type, "other"), { label: "Event type is", wanted: "Status", actual: "other" });
  assert.equal(said({ ...condition, actual: parse('{"x":[1.0]}') }, "status").actual, '{"x":[1.0]}');
  assert.equal(said({ ...condition, actual: "constructor" }, "status").actual, "constructor");
});

test("snippets quote what shells would take apart", () => {
  assert.deepEqual(["a-b_c.d:/@+", "a b", "it's", ""].map(quoted), ["a-b_c.d:/@+", "'a b'", "'it'\\''s'", "''"]);
  const asked = { eventTypes: ["status"], filters: { mcp_names: ["it's", "$HOME"] } };
  const addresses = { site: "https://hub.test", socket: "wss://hub.test/ws/events" };
  const snippets = Object.fromEntries(subscriptionSnippets(asked, addresses).map(({ name, code }) => [name, code]));
  assert.deepEqual(Object.keys(snippets), [
    "JSON",
    "JavaScript",
    "Python",
    "Go",
    "websocat",
    "curl",
    "Command",
    "Agent",
  ]);
  assert.match(snippets.Agent, /^claude mcp add .* https:\/\/hub\.test\/mcp --header "Authorization: Bearer \$EVENT/);
  assert.match(snippets.Agent, /^Watch status with the arguments \{"mcp_names":\["it's"/m);
  assert.deepEqual(JSON.parse(snippets.JSON), { action: "subscribe", event_types: ["status"], filters: asked.filters });
  assert.match(
    snippets.curl,
    /--data-urlencode 'filter\.mcp_names=it'\\''s' \\\n {2}--data-urlencode 'filter.mcp_names=\$HOME'$/,
  );
  assert.match(snippets.Command, /manage\.py tail_events --type status --filter 'mcp_names=it'\\''s' --filter/);
  const event = received({ mcp_name: "a" });
  assert.match(snippets.Go, /const subscribe = `\{\n {2}"action": "subscribe"/);
  assert.match(snippets.websocat, /^printf '%s\\n' '\{"action":"subscribe".*\| websocat -n /s);
  const names = (mayEmit) => eventSnippets(event, { site: "", mayEmit }).map(({ name }) => name);
  assert.deepEqual([names(true), names(false)], [["JSON", "curl", "command"], ["JSON"]]);
});

test("the time of another day has its date", () => {
  const at = new Date(2026, 0, 31, 23, 59, 7);
  assert.equal(clockTime(at, new Date(2026, 0, 31)), "23:59:07");
  assert.equal(clockTime(at, new Date(2026, 1, 1)), "Jan 31 23:59:07");
});

test("events are counted in the title only while nobody looks", () => {
  const page = Object.assign(new EventTarget(), { title: "Events", hidden: false });
  const unread = new Unread(page);
  unread.eventArrived();
  assert.equal(page.title, "Events");
  page.hidden = true;
  for (let number = 0; number < 1500; number += 1) unread.eventArrived();
  assert.equal(page.title, "(999+) Events");
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  assert.equal(page.title, "Events");
});

test("the oldest that is in memory is what came live, also when some of it was discarded, or what was loaded before it", () => {
  const loaded = [];
  const past = {
    items: loaded,
    get last() {
      return 1 - loaded.length;
    },
    backwards: () => [],
    clear: () => loaded.splice(0),
  };
  const memory = new Memory(catalog, past);
  for (let number = 1; number <= 5; number += 1) memory.add(received({}, `e-${number}`));
  assert.equal(memory.oldest, 1);
  loaded.push({}, {});
  assert.equal(memory.oldest, -1);
  for (let number = 6; number <= KEPT + 3; number += 1) memory.add(received({}, `e-${number}`));
  assert.deepEqual([memory.oldest, memory.oldestId, memory.discarded, loaded], [4, "e-4", 3, []]);
  assert.deepEqual(
    memory.from(6, 10).map(([number]) => number),
    [6, 5, 4],
  );
});

test("a full time is written alike everywhere, in the reader's zone", () => {
  const at = new Date(2026, 10, 29, 9, 5, 7, 42);
  assert.equal(dateAndTime(at), "2026-11-29 09:05:07");
  assert.equal(dateAndTime(at, true), "2026-11-29 09:05:07.042");
  assert.match(fullTime(at), /^2026-11-29 09:05:07\.042 \S+$/);
});

test("the age of an event is in the coarsest unit that says something, and never below nothing", () => {
  const [minute, hour] = [60_000, 3_600_000];
  const ages = [-5_000, 400, 12_000, 3 * minute + 59_000, 5 * hour, 49 * hour].map(age);
  assert.deepEqual(ages, ["now", "now", "12 s", "3 min", "5 h", "2 d"]);
});

test("days begin at midnight on the axis of a chart, also after the clock has changed", () => {
  const ours = process.env.TZ;
  process.env.TZ = "Europe/Berlin";
  const ticks = ticksOf({ since: Date.parse("2026-03-27T12:00Z"), until: Date.parse("2026-03-31T12:00Z") });
  const starts = ["27T23", "28T23", "29T22", "30T22"].map((start) => Date.parse(`2026-03-${start}:00Z`));
  assert.deepEqual(
    ticks.map(({ time }) => time),
    starts,
  );
  if (ours === undefined) delete process.env.TZ;
  else process.env.TZ = ours;
});

test("the axis of a chart has round times, which say seconds only where they count", () => {
  const at = (...time) => new Date(2026, 10, 29, 12, ...time);
  const words = (span) => ticksOf(span).map((tick) => tick.words);
  const hour = { since: Number(at(0, 40)), until: Number(at(60, 40)) };
  assert.deepEqual(
    words(hour),
    [10, 20, 30, 40, 50].map((minute) => minuteTime(at(minute))),
  );
  assert.equal(Math.round(ticksOf(hour)[0].share * 3_600), 560); // where 12:10:00 is, in seconds from 12:00:40
  const short = { since: Number(at(0, 3)), until: Number(at(1, 57)) };
  assert.deepEqual(
    words(short),
    [30, 60, 90].map((second) => clockTime(at(0, second))),
  );
});

test("a wrong clock is mended by what an answer of the server says of the time, as exactly as it says it", () => {
  const off = () => serverNow() - Date.now();
  const headers = (ms) => new Headers({ Date: new Date(ms).toUTCString() });
  const now = Date.now();
  answerCame(now, headers(now + 3_600_000));
  assert.ok(Math.abs(off() - 3_600_000) < 60_000);
  const mended = off();
  answerCame(now, headers(now + 3_600_000)); // of the same second
  assert.equal(off(), mended);
  answerCame(now, new Headers());
  assert.equal(off(), mended);
  answerCame(Date.now(), headers(Date.now()));
  assert.ok(Math.abs(off()) < 60_000);
});
