import assert from "node:assert/strict";
import { test } from "node:test";

import { groupsOf, traitsOf } from "../../events/static/events/folding/groups.js";
import { Received } from "../../events/static/events/values/received.js";
import { catalogOf } from "./partial.js";

const types = ["check", "circuit", "status"].map((id) => ({ id, label: id, summary: "{mcp}", subject: "mcp" }));
const catalog = catalogOf({ version: 1, categories: [{ id: "mcp", events: types }] });

/** Rows newest first, each "type subject severity minutes"; "-" is a remark, and below "log" is what the log had. */
function groups(...rows) {
  const log = rows.indexOf("log");
  const traits = rows.flatMap((row, place) => (row === "log" ? [] : [traitsIn(row, log >= 0 && place > log)]));
  return groupsOf(traits).map(({ isStory, from, to, head }) => [isStory ? "story" : "alike", from, to, head]);
}

function traitsIn(/** @type {string} */ row, /** @type {boolean} */ isLogged) {
  if (row === "-") return null;
  const [type, mcp, severity, minutes] = row.split(" ");
  const timestamp = new Date(Date.UTC(2026, 0, 1, 12, Number(minutes ?? 0))).toISOString();
  const text = JSON.stringify({ type, id: "e-1", timestamp, data: { mcp, severity } });
  return traitsOf(catalog.type(type), new Received(JSON.parse(text), text), isLogged);
}

const other = "status b info";

test("a story is of one subject and of several types, and the newest of its gravest stands for it", () => {
  const story = ["check a info", "status a critical", "circuit a error", "circuit a critical"];
  assert.deepEqual(groups(...story, other), [["story", 0, 4, 1]]);
  assert.deepEqual(groups(other, ...story), [["story", 1, 5, 2]]);
  assert.deepEqual(groups(...story), []); // nothing else is told of
  assert.deepEqual(groups(other, "check a info", "status a info", "circuit a info"), []); // nothing is wrong
  assert.deepEqual(groups(other, "check a error", "check a info", "check a error"), []); // one type
  assert.deepEqual(groups(other, "check a info", "status a error"), []); // two are seen at once
  assert.deepEqual(groups("check a info", other, "status a error", "circuit a error"), []); // they do not follow each other
});

test("a story has pauses of five minutes at most", () => {
  assert.deepEqual(groups(other, "check a info 15", "status a error 10", "circuit a error 5"), [["story", 1, 4, 2]]);
  assert.deepEqual(groups(other, "check a info 16", "status a error 10", "circuit a error 5"), []);
});

test("five alike events fold behind the newest; of grave ones those whose lines are the same", () => {
  const mild = ["check a info", "check b info", "check c info", "check d info", "check e info"];
  assert.deepEqual(groups(...mild), [["alike", 0, 5, 0]]);
  assert.deepEqual(groups(...mild.slice(1)), []);
  assert.deepEqual(groups(...mild.map((row) => row.replace("info", "error"))), []);
  assert.deepEqual(groups(other, ...Array(5).fill("check a error")), [["alike", 1, 6, 1]]);
});

test("no fold goes over a remark or the line where the log begins", () => {
  assert.deepEqual(groups(other, "check a info", "-", "status a error", "circuit a error"), []);
  assert.deepEqual(groups(other, "check a info", "log", "status a error", "circuit a error"), []);
  assert.deepEqual(groups("check a info", "check a info", "check a info", "log", "check a info", "check a info"), []);
});
