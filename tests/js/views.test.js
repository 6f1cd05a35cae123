import assert from "node:assert/strict";
import { test } from "node:test";

import { MyViews } from "../../events/static/events/views/my_views.js";

/** A server's views, and its answers, each held until `deliver`. */
class FakeServer {
  own = [];
  held = [];

  fetch = (address, { method, body }) => {
    if (method === "POST") this.own.push({ id: "1", version: 1, paused: false, ...JSON.parse(body) });
    if (method === "DELETE") this.own = this.own.filter(({ id }) => !address.endsWith(`/${id}`));
    const answer = method === "POST" ? this.own.at(-1) : { own: [...this.own], shared: [], groups: [] };
    return new Promise((resolve) => this.held.push(() => resolve(new Response(JSON.stringify(answer)))));
  };

  async deliver(which) {
    this.held.splice(which, 1)[0]();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a view that is saved while the list is read anew is shown once, whichever answer comes first", async (context) => {
  const page = { querySelector: () => null }; // where the token of forms would be
  Object.defineProperty(globalThis, "document", { value: page, configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "document"));
  for (const order of ["saved first", "read first"]) {
    const server = new FakeServer();
    context.mock.method(globalThis, "fetch", server.fetch);
    const problems = [];
    const views = new MyViews({ own: [], shared: [], groups: [] }, [], null, {
      onChange: () => {},
      onProblem: (text) => problems.push(text),
    });
    const subscription = { id: "s1", eventTypes: ["a"], filters: {} };
    views.follow([subscription]);
    const calls = [() => views.made(subscription), () => views.refresh()];
    const done = (order === "saved first" ? calls : calls.reverse()).map((call) => call());
    await new Promise((resolve) => setImmediate(resolve));
    while (server.held.length) await server.deliver(server.held.length - 1); // the last comes first
    await Promise.all(done);
    assert.deepEqual([views.entries.length, views.entries[0]?.view?.id, problems], [1, "1", []], order);
  }
});

test("a call that the server never answers is given up, said, and does not keep the next from being made", async (context) => {
  Object.defineProperty(globalThis, "document", { value: { querySelector: () => null }, configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "document"));
  const limits = [];
  context.mock.method(AbortSignal, "timeout", () => {
    limits.push(new AbortController());
    return limits.at(-1).signal;
  });
  const fetched = context.mock.method(globalThis, "fetch", (_address, { signal }) => {
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  });
  const problems = [];
  const callbacks = { onChange: () => {}, onProblem: (text) => problems.push(text) };
  const looks = { name: "", colour: "teal", order: 0, paused: false, muted: false, alerts: [] };
  const view = { id: "1", version: 1, event_types: ["a"], filters: {}, ...looks, shared_with: null, seen: null };
  const views = new MyViews({ own: [view], shared: [], groups: [] }, [], null, callbacks);
  views.mute(views.entries[0]);
  views.alter(views.entries[0], { name: "x" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(limits.length, 1);
  limits[0].abort(new DOMException("Too long.", "TimeoutError"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([problems, fetched.mock.callCount()], [["The server could not be reached."], 2]);
});

test("alerts that are chosen before the server has answered are all kept", async (context) => {
  Object.defineProperty(globalThis, "document", { value: { querySelector: () => null }, configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "document"));
  const looks = { name: "", colour: "teal", order: 0, paused: false, muted: false, alerts: ["sound"] };
  const view = { id: "1", version: 1, event_types: ["a"], filters: {}, ...looks, shared_with: null, seen: null };
  let kept = view;
  context.mock.method(globalThis, "fetch", async (_address, { body }) => {
    kept = { ...kept, ...JSON.parse(body) };
    return new Response(JSON.stringify(kept));
  });
  const callbacks = { onChange: () => {}, onProblem: () => {} };
  const views = new MyViews({ own: [view], shared: [], groups: [] }, [], null, callbacks);
  const [entry] = views.entries;
  const desktop = views.setAlert(entry, "desktop", true);
  await Promise.all([desktop, views.setAlert(entry, "badge", true), views.setAlert(entry, "sound", false)]);
  assert.deepEqual(kept.alerts, ["desktop", "badge"]);
  assert.deepEqual(entry.alerts, kept.alerts);
});

test("a view that was saved, though its answer was lost, is shown once, and is gone when it is ended", async (context) => {
  Object.defineProperty(globalThis, "document", { value: { querySelector: () => null }, configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "document"));
  const server = new FakeServer();
  context.mock.method(globalThis, "fetch", async (address, options) => {
    const answer = server.fetch(address, options);
    if (options.method === "POST") throw new TypeError("The network broke.");
    server.held.pop()();
    return answer;
  });
  const problems = [];
  const callbacks = { onChange: () => {}, onProblem: (text) => problems.push(text) };
  const views = new MyViews({ own: [], shared: [], groups: [] }, [], null, callbacks);
  const subscription = { id: "s1", eventTypes: ["a"], filters: { b: ["c"] } };
  views.follow([subscription]);
  await views.made(subscription);
  await Promise.all([views.refresh(), views.save(views.entries[0])]);
  const entries = views.entries.map((entry) => [entry.view?.id, entry.subscription]);
  assert.deepEqual([entries, problems], [[["1", subscription]], ["The server could not be reached."]]);
  assert.equal(server.own.length, 1);

  views.entries[0].view = null; // as if it had not been read anew
  await views.end(views.entries[0]);
  await views.refresh();
  assert.deepEqual([views.entries, server.own, problems.length], [[], [], 1]);
});
