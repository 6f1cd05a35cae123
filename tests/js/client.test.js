import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { EventClient } from "../../events/static/events/client/client.js";
import { ConnectionLost, ConnectionRefused, ProtocolError } from "../../events/static/events/client/connection.js";
import { FakeSocket } from "./fake_socket.js";

const settled = () => new Promise(setImmediate);
let client;
let heard;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  FakeSocket.made = [];
  client = new EventClient("ws://host/ws/events", { WebSocket: FakeSocket, random: () => 1 });
  heard = [];
  for (const name of ["state", "event", "ended", "metadata", "metadata_changed", "error"]) {
    client.on(name, (detail) => heard.push([name, detail]));
  }
  client.connect();
});

afterEach(() => {
  client.close();
  mock.timers.reset();
});

const told = (name) => heard.filter(([each]) => each === name).map(([, detail]) => detail);

async function subscribed(eventTypes, filters, id) {
  const subscription = client.subscribe(eventTypes, filters);
  FakeSocket.last.answer("subscribe", { type: "subscribed", subscription_id: id, position: "e-1" });
  return subscription;
}

test("a subscription is asked for with its filters and confirmed by its own answer", async () => {
  FakeSocket.last.accept();
  const first = client.subscribe(["a"], { severity: ["error"] });
  const second = client.subscribe(["b"]);
  const [one, two] = FakeSocket.last.sent;
  const asked = { event_types: ["a"], filters: { severity: ["error"] } };
  assert.deepEqual(one, { action: "subscribe", request_id: one.request_id, ...asked });
  FakeSocket.last.push({ type: "subscribed", subscription_id: "sub_2", position: "e-1", request_id: two.request_id });
  FakeSocket.last.push({ type: "subscribed", subscription_id: "sub_1", position: "e-1", request_id: one.request_id });
  assert.equal((await first).id, "sub_1");
  assert.equal((await second).id, "sub_2");
});

test("an event is told with its text, and a handler that fails keeps neither the others nor the next event from coming", async (context) => {
  const told = context.mock.method(console, "error", () => {});
  const texts = [];
  client.on("event", () => {
    throw new Error("no");
  });
  client.on("event", (_event, text) => texts.push(text));
  FakeSocket.last.accept();
  const events = [1, 2].map((number) => ({ type: "a", id: `e-${number}`, data: { n: number } }));
  for (const event of events) FakeSocket.last.push(event);
  assert.deepEqual(
    texts,
    events.map((event) => JSON.stringify(event)),
  );
  assert.deepEqual([told.mock.callCount(), client.position], [2, "e-2"]);
});

test("a subscription made before there is a connection is asked for as soon as there is one", async () => {
  const waiting = client.subscribe(["a"]);
  assert.equal(FakeSocket.last.sent.length, 0);
  FakeSocket.last.accept();
  FakeSocket.last.answer("subscribe", { type: "subscribed", subscription_id: "sub_1", position: "e-1" });
  assert.equal((await waiting).id, "sub_1");
});

test("a refused subscription rejects with the server's words and leaves the list", async () => {
  FakeSocket.last.accept();
  const refused = client.subscribe(["nope"]);
  FakeSocket.last.answer("subscribe", { type: "error", code: "unknown_event_type", message: "There is no nope." });
  await assert.rejects(refused, (error) => error instanceof ProtocolError && error.code === "unknown_event_type");
  assert.deepEqual(client.subscriptions, []);
});

test("unsubscribing before the answer came ends the subscription when it comes", async () => {
  FakeSocket.last.accept();
  const subscribing = client.subscribe(["a"]);
  await Promise.all([assert.rejects(subscribing, ConnectionLost), client.unsubscribe(client.subscriptions[0])]);
  FakeSocket.last.answer("subscribe", { type: "subscribed", subscription_id: "sub_1", position: "e-1" });
  await settled();
  assert.equal(FakeSocket.last.command("unsubscribe").subscription_id, "sub_1");
});

test("each failed attempt doubles the longest wait, up to half a minute, and a message resets it", () => {
  const delays = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    FakeSocket.last.end(1006);
    delays.push(told("state").at(-1).delay);
    mock.timers.tick(30_000);
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  FakeSocket.last.accept();
  FakeSocket.last.push({ type: "a", id: "e-1", data: {} });
  FakeSocket.last.end(1006);
  assert.equal(told("state").at(-1).delay, 500);
});

for (const code of [1006, 1011, 1012, 1013, 4008, 4010, 4013]) {
  test(`after close code ${code} it comes back`, () => {
    FakeSocket.last.accept();
    FakeSocket.last.end(code);
    assert.equal(client.state, "waiting");
    mock.timers.tick(500);
    assert.equal(FakeSocket.made.length, 2);
  });
}

test("a close code of 4500 or above is final, until connect is called", () => {
  FakeSocket.last.accept();
  FakeSocket.last.end(4503, "access ended");
  mock.timers.tick(120_000);
  assert.equal(FakeSocket.made.length, 1);
  assert.deepEqual(told("state").at(-1), { state: "refused", previous: "live", code: 4503, reason: "access ended" });
  client.connect();
  assert.equal(FakeSocket.made.length, 2);
});

test("it pings every 25 seconds and takes the position from the answer", () => {
  FakeSocket.last.accept();
  mock.timers.tick(25_000);
  FakeSocket.last.answer("ping", { type: "pong", position: "e-77" });
  assert.equal(client.position, "e-77");
});

test("a server that does not answer within ten seconds is left for a new connection", async () => {
  FakeSocket.last.accept();
  const ping = client.ping();
  const [stuck] = FakeSocket.made;
  mock.timers.tick(10_000);
  await assert.rejects(ping, ConnectionLost);
  assert.ok(stuck.closed);
  mock.timers.tick(500);
  assert.equal(FakeSocket.made.length, 2);
  stuck.end(1006);
  assert.equal(client.state, "connecting");
});

test("a handshake that hangs is given up after ten seconds", () => {
  mock.timers.tick(10_000);
  assert.equal(client.state, "waiting");
});

test("an event is told once, and its id is the position", () => {
  FakeSocket.last.accept();
  FakeSocket.last.push({ type: "a", id: "e-3", data: { n: 1 } });
  FakeSocket.last.push({ type: "a", id: "e-3", data: { n: 1 } });
  FakeSocket.last.push({ type: "a", data: { ephemeral: true } });
  assert.deepEqual(
    told("event").map(({ data }) => data),
    [{ n: 1 }, { ephemeral: true }],
  );
  assert.equal(client.position, "e-3");
});

test("a subscription that the server ends leaves the list and is told with the reason", async () => {
  FakeSocket.last.accept();
  const subscription = await subscribed(["a"], {}, "sub_1");
  FakeSocket.last.push({ type: "unsubscribed", subscription_id: "sub_1", reason: "access_revoked", position: "e-4" });
  assert.deepEqual(told("ended"), [{ subscription, reason: "access_revoked" }]);
  assert.deepEqual(client.subscriptions, []);
});

test("told that it asks too fast, it asks again a second later", async () => {
  FakeSocket.last.accept();
  const subscribing = client.subscribe(["a"]);
  FakeSocket.last.answer("subscribe", { type: "error", code: "too_many_requests", message: "Slower." });
  await settled();
  mock.timers.tick(1000);
  assert.equal(FakeSocket.last.sent.length, 2);
  FakeSocket.last.answer("subscribe", { type: "subscribed", subscription_id: "sub_1", position: "e-1" });
  assert.equal((await subscribing).id, "sub_1");
});

test("a subscription is changed in place, from the answer on", async () => {
  FakeSocket.last.accept();
  const subscription = await subscribed(["a"], {}, "sub_1");
  const updating = client.update(subscription, ["a", "b"], { severity: "error" });
  const sent = FakeSocket.last.command("update_subscription");
  assert.deepEqual(
    [sent.subscription_id, sent.event_types, sent.filters],
    ["sub_1", ["a", "b"], { severity: "error" }],
  );
  assert.deepEqual(subscription.eventTypes, ["a"]);
  FakeSocket.last.answer("update_subscription", { type: "subscribed", subscription_id: "sub_1", position: "e-2" });
  assert.deepEqual(subscription, { id: "sub_1", eventTypes: ["a", "b"], filters: { severity: "error" } });
  await updating;
});

test("a change that is refused, or for which there is no connection, changes nothing and says so", async () => {
  FakeSocket.last.accept();
  const subscription = await subscribed(["a"], {}, "sub_1");
  const refused = client.update(subscription, ["nope"]);
  const error = { type: "error", code: "unknown_event_type", message: "There is no nope." };
  FakeSocket.last.answer("update_subscription", error);
  await assert.rejects(refused, ProtocolError);
  const lost = client.update(subscription, ["b"]);
  FakeSocket.last.end(1006);
  await assert.rejects(lost, ConnectionLost);
  await assert.rejects(client.update(subscription, ["b"]), ConnectionLost);
  assert.deepEqual(subscription, { id: null, eventTypes: ["a"], filters: {} });
});

test("metadata is returned to who asked and told to who listens; a change is told by its version", async () => {
  FakeSocket.last.accept();
  const asked = client.getMetadata();
  FakeSocket.last.answer("get_metadata", { type: "metadata", data: { version: 3 } });
  assert.deepEqual(await asked, { version: 3 });
  FakeSocket.last.push({ type: "metadata_changed", version: 4 });
  assert.deepEqual([told("metadata"), told("metadata_changed")], [[{ version: 3 }], [4]]);
});

test("the bare pong of a ping without request_id is nothing to anybody", () => {
  FakeSocket.last.accept();
  FakeSocket.last.push("pong");
  assert.deepEqual(told("event"), []);
});

test("a token is asked for before each try, and one that comes too late opens nothing", async () => {
  const tokens = ["first", "second & third"];
  const answers = [];
  const getToken = () => new Promise((resolve) => answers.push(() => resolve(tokens.shift())));
  FakeSocket.made = [];
  client.close();
  client = new EventClient("ws://host/ws/events", { WebSocket: FakeSocket, random: () => 1, getToken });
  client.connect();
  client.connect();
  assert.equal(FakeSocket.made.length, 0);
  answers[0]();
  await settled();
  assert.equal(FakeSocket.last.url, "ws://host/ws/events?token=first");
  FakeSocket.last.end(4503); // the token has expired
  mock.timers.tick(500);
  client.close();
  answers[1]();
  await settled();
  assert.equal(FakeSocket.made.length, 1);
  client.connect();
  answers[2]();
  await settled();
  assert.equal(FakeSocket.made.length, 2);
});

test("a token that cannot be had is asked for again later", async () => {
  let asked = 0;
  const getToken = async () => {
    asked += 1;
    throw new Error("offline");
  };
  client.close();
  client = new EventClient("ws://host/ws/events", { WebSocket: FakeSocket, random: () => 1, getToken });
  const states = [];
  client.on("state", ({ state, reason }) => states.push([state, reason]));
  client.connect();
  await settled();
  assert.deepEqual(states.at(-1), ["waiting", "offline"]);
  mock.timers.tick(500);
  await settled();
  assert.equal(asked, 2);
});

test("a client that is refused says so to whoever waits for a subscription", async () => {
  FakeSocket.last.accept();
  const subscribing = client.subscribe(["a"]);
  FakeSocket.last.end(4500, "");
  await assert.rejects(subscribing, (error) => error instanceof ConnectionRefused && error.code === 4500);
  await assert.rejects(subscribing, {
    message: "The server refused the connection: see the close codes of the protocol (4500).",
  });
  assert.deepEqual(client.subscriptions, []);
});

test("a ticket stands in the address where there is one, and what falls back is tried after two failures", async () => {
  const Failing = class extends FakeSocket {};
  const Stream = class extends FakeSocket {};
  FakeSocket.made = [];
  client.close();
  const options = { WebSocket: Failing, fallback: Stream, random: () => 1, getTicket: () => "ticket_1" };
  client = new EventClient("ws://host/ws/events", options);
  client.connect();
  for (const wait of [500, 1000]) {
    await settled();
    assert.ok(FakeSocket.last instanceof Failing);
    FakeSocket.last.end(1006);
    mock.timers.tick(wait);
  }
  await settled();
  assert.ok(FakeSocket.last instanceof Stream);
  assert.equal(FakeSocket.last.url, "ws://host/ws/events?ticket=ticket_1");
});
