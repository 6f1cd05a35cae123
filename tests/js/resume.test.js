import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { EventClient } from "../../events/static/events/client/client.js";
import { FakeSocket } from "./fake_socket.js";

const settled = () => new Promise(setImmediate);
let client;
let events;
let replays;
let ended;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  FakeSocket.made = [];
  start();
});

afterEach(() => {
  client.close();
  mock.timers.reset();
});

function start(options = {}) {
  client = new EventClient("ws://host/ws/events", { WebSocket: FakeSocket, random: () => 1, ...options });
  [events, replays, ended] = [[], [], []];
  client.on("event", ({ id }) => events.push(id));
  client.on("replayed", (replay) => replays.push(replay));
  client.on("ended", (end) => ended.push(end));
  client.connect();
  FakeSocket.last.accept();
}

async function subscribed(eventType, id) {
  const subscription = client.subscribe([eventType], { severity: "error" });
  FakeSocket.last.answer("subscribe", { type: "subscribed", subscription_id: id, position: "e-1" });
  return subscription;
}

function event(number) {
  FakeSocket.last.push({ type: "a", id: `e-${number}`, data: {} });
}

async function breakAndReturn(code = 1012) {
  FakeSocket.last.end(code);
  await settled();
  mock.timers.tick(30_000);
  FakeSocket.last.accept();
}

function resumed(...ids) {
  const subscriptions = ids.map((id) => ({ subscription_id: id }));
  FakeSocket.last.answer("resume", { type: "resumed", subscriptions, replaying: true, position: "e-1" });
}

function refuse(action, code) {
  FakeSocket.last.answer(action, { type: "error", code, message: `${code}.` });
}

const sent = (action) => FakeSocket.last.sent.filter((each) => each.action === action);

test("after a lost connection one command resumes all, from the last position", async () => {
  const [one, two] = [await subscribed("a", "sub_1"), await subscribed("b", "sub_2")];
  event(7);
  await breakAndReturn();
  assert.deepEqual([one.id, two.id], [null, null]);
  const [{ request_id: _, ...command }, ...others] = FakeSocket.last.sent;
  const filters = { severity: "error" };
  const subscriptions = [
    { event_types: ["a"], filters },
    { event_types: ["b"], filters },
  ];
  assert.deepEqual([command, others], [{ action: "resume", after: "e-7", subscriptions }, []]);
  resumed("sub_8", "sub_9");
  assert.deepEqual([one.id, two.id], ["sub_8", "sub_9"]);
});

test("it tells of the replay, and neither tells nor counts what had come before", async () => {
  await subscribed("a", "sub_1");
  event(3);
  await breakAndReturn();
  resumed("sub_9");
  for (const number of [3, 4, 5]) event(number);
  assert.equal(client.position, "e-3");
  FakeSocket.last.push({ type: "replayed", count: 3, complete: true, position: "e-9" });
  assert.deepEqual(events, ["e-3", "e-4", "e-5"]);
  const all = { subscription: null, count: 2, complete: true, reason: null, lost: 0, nextAfter: undefined };
  assert.deepEqual(replays, [all]);
  assert.equal(client.position, "e-9");
});

test("a gap is told with its reason", async () => {
  await subscribed("a", "sub_1");
  await breakAndReturn(4010);
  resumed("sub_9");
  const gap = { complete: false, reason: "limit", next_after: "e-5" };
  FakeSocket.last.push({ type: "replayed", count: 0, position: "e-9", ...gap });
  assert.deepEqual([replays[0].complete, replays[0].reason, replays[0].lost], [false, "limit", null]);
  assert.equal(replays[0].nextAfter, "e-5");
});

test("a replay that breaks off is asked for again from where it began", async () => {
  await subscribed("a", "sub_1");
  event(3);
  await breakAndReturn();
  FakeSocket.last.push({ type: "pong", position: "e-8", request_id: "of somebody" });
  resumed("sub_8");
  event(5);
  FakeSocket.last.push({ type: "subscribed", subscription_id: "sub_x", position: "e-8" });
  await breakAndReturn();
  assert.equal(FakeSocket.last.command("resume").after, "e-3");
});

test("a subscription that was never in force is subscribed to after the others are resumed", async () => {
  await subscribed("a", "sub_1");
  FakeSocket.last.end(1012);
  client.subscribe(["b"]);
  mock.timers.tick(500);
  FakeSocket.last.accept();
  assert.deepEqual(
    FakeSocket.last.sent.map(({ action }) => action),
    ["resume", "subscribe"],
  );
  assert.equal(FakeSocket.last.command("resume").subscriptions.length, 1);
});

test("when one subscription is refused, the others are made by themselves without a gap", async () => {
  const good = await subscribed("a", "sub_1");
  const bad = await subscribed("b", "sub_2");
  event(3);
  await breakAndReturn();
  refuse("resume", "unknown_event_type");
  await settled();
  const [first, second] = sent("subscribe");
  assert.deepEqual([first.after, second.after], ["e-3", "e-3"]);
  const answer = { type: "subscribed", subscription_id: "sub_9", replaying: true, position: "e-3" };
  FakeSocket.last.push({ ...answer, request_id: first.request_id });
  event(4);
  FakeSocket.last.push({ type: "replayed", subscription_id: "sub_9", count: 1, complete: true, position: "e-9" });
  const error = { type: "error", code: "unknown_event_type", message: "There is no b." };
  FakeSocket.last.push({ ...error, request_id: second.request_id });
  await settled();
  assert.deepEqual(client.subscriptions, [good]);
  assert.deepEqual([ended[0].subscription, ended[0].reason], [bad, "refused"]);
  assert.equal(ended[0].error.message, "There is no b.");
  assert.deepEqual([replays[0].subscription, replays[0].count], [good, 1]);
});

test("a position that the server does not take is told as a gap, and the subscriptions are made as new", async () => {
  await subscribed("a", "sub_1");
  await breakAndReturn();
  refuse("resume", "invalid_position");
  await settled();
  assert.equal("after" in FakeSocket.last.command("subscribe"), false);
  const [{ complete, reason, lost, error }] = replays;
  assert.deepEqual([complete, reason, lost, error.code], [false, "refused", null, "invalid_position"]);
});

for (const code of ["too_many_requests", "internal_error"]) {
  test(`answered with ${code}, it resumes a second later, from the same position`, async () => {
    await subscribed("a", "sub_1");
    await breakAndReturn();
    refuse("resume", code);
    await settled();
    client.ping();
    FakeSocket.last.answer("ping", { type: "pong", position: "e-9" });
    mock.timers.tick(1000);
    assert.deepEqual(
      sent("resume").map(({ after }) => after),
      ["e-1", "e-1"],
    );
    assert.deepEqual(sent("subscribe"), []);
  });
}

test("what is unsubscribed while it is being resumed is ended when the answer comes", async () => {
  const subscription = await subscribed("a", "sub_1");
  await breakAndReturn();
  await client.unsubscribe(subscription);
  resumed("sub_9");
  assert.equal(FakeSocket.last.command("unsubscribe").subscription_id, "sub_9");
});

test("a subscription whose type was changed is made anew from there, and stays the same to its owner", async () => {
  const subscription = await subscribed("a", "sub_1");
  const reason = "event_type_changed";
  FakeSocket.last.push({ type: "unsubscribed", subscription_id: "sub_1", reason, position: "e-4" });
  event(6);
  assert.equal(FakeSocket.last.command("subscribe").after, "e-4");
  await breakAndReturn();
  assert.deepEqual(sent("resume"), []);
  assert.equal(FakeSocket.last.command("subscribe").after, "e-4");
  const answer = { type: "subscribed", subscription_id: "sub_2", replaying: true, position: "e-4" };
  FakeSocket.last.answer("subscribe", answer);
  assert.deepEqual([client.subscriptions, subscription.id, ended], [[subscription], "sub_2", []]);
});

test("a subscription that has lost a filter is not made anew without it", async () => {
  const subscription = await subscribed("a", "sub_1");
  const reason = "event_type_changed";
  const asked = sent("subscribe").length;
  FakeSocket.last.push({
    type: "unsubscribed",
    subscription_id: "sub_1",
    reason,
    position: "e-4",
    filters_gone: ["x"],
  });
  event(6);
  assert.equal(sent("subscribe").length, asked);
  assert.deepEqual([client.subscriptions, ended], [[], [{ subscription, reason: "filters_gone" }]]);
});

test("a subscription may ask for logged events, again if the replay breaks off", async () => {
  client.subscribe(["a"], {}, { last: 50 });
  const answer = { type: "subscribed", replaying: true, position: "e-9" };
  FakeSocket.last.answer("subscribe", { ...answer, subscription_id: "sub_1" });
  event(2);
  await breakAndReturn();
  assert.equal(FakeSocket.last.command("subscribe").last, 50);
  FakeSocket.last.answer("subscribe", { ...answer, subscription_id: "sub_2" });
  FakeSocket.last.push({ type: "replayed", subscription_id: "sub_2", count: 50, complete: true, position: "e-9" });
  await breakAndReturn();
  assert.equal(FakeSocket.last.command("resume").after, "e-9");
});

test("a replay whose subscription ends no longer holds the position", async () => {
  const subscribing = client.subscribe(["a"], {}, { after: "e-1" });
  const answer = { type: "subscribed", subscription_id: "sub_1", replaying: true, position: "e-1" };
  FakeSocket.last.answer("subscribe", answer);
  const ending = client.unsubscribe(await subscribing);
  FakeSocket.last.answer("unsubscribe", { type: "unsubscribed", subscription_id: "sub_1", position: "e-2" });
  await ending;
  event(5);
  assert.equal(client.position, "e-5");
});

test("what another client had is resumed", async () => {
  start({ position: "e-5", subscriptions: [{ eventTypes: ["a"], filters: {} }] });
  const { after, subscriptions } = FakeSocket.last.command("resume");
  assert.deepEqual([after, subscriptions], ["e-5", [{ event_types: ["a"], filters: {} }]]);
  start({ subscriptions: [{ eventTypes: ["a"], filters: {} }] });
  assert.deepEqual(sent("resume"), []);
  assert.equal(sent("subscribe").length, 1);
});
