/** The hook of the packed client in a component, in StrictMode, with a server that the test plays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { useEvents } from "eventhub-client/react";
import { createElement, StrictMode } from "react";
import TestRenderer, { act } from "react-test-renderer";

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

class FakeSocket {
  static made = [];
  sent = [];
  closed = false;
  constructor(url) {
    this.url = url;
    FakeSocket.made.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  push(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

const settled = () => new Promise(setImmediate);
const open = () => FakeSocket.made.filter((each) => !each.closed);
let renders = 0;
let shown;

function Feed({ types }) {
  renders += 1;
  const source = { url: "ws://host/ws/events", WebSocket: FakeSocket, getToken: async () => "secret" };
  shown = useEvents(source, types, { severity: ["error"] }, { keep: 2 });
  return null;
}

async function subscribed(socket) {
  await act(async () => {
    socket.onopen({});
    const { request_id } = socket.sent.find(({ action }) => action === "subscribe");
    socket.push({ type: "subscribed", subscription_id: "s", position: "e-1", request_id });
    await settled();
  });
}

test("a component in StrictMode has one connection and the newest events, and ends it with itself", async () => {
  let root;
  const feed = (types) => createElement(StrictMode, null, createElement(Feed, { types }));
  await act(async () => {
    root = TestRenderer.create(feed(["a"]));
    await settled();
  });
  assert.equal(open().length, 1);
  assert.equal(open()[0].url, "ws://host/ws/events?token=secret");
  await subscribed(open()[0]);
  assert.deepEqual(open()[0].sent[0].filters, { severity: ["error"] });
  await act(async () => {
    for (const id of ["e-2", "e-3", "e-3", "e-4"]) open()[0].push({ type: "a", id, timestamp: "", data: {} });
  });
  assert.deepEqual(
    shown.events.map(({ id }) => id),
    ["e-3", "e-4"],
  );
  assert.equal(shown.state, "live");

  const before = open()[0];
  await act(async () => root.update(feed(["a"]))); // other objects, but the same in them
  assert.equal(open()[0], before);
  await act(async () => {
    root.update(feed(["b"]));
    await settled();
  });
  assert.equal(open().length, 1);
  assert.notEqual(open()[0], before);
  assert.deepEqual(shown.events, []);

  await act(async () => open()[0].onclose({ code: 4500, reason: "no token" }));
  assert.match(shown.error.message, /no token.*4500/);
  await act(async () => root.unmount());
  assert.equal(open().length, 0);
  const ended = renders;
  await settled();
  assert.equal(renders, ended);
});
