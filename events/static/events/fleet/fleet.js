/** The MCP servers, one tile each, while the tab of their events is shown. */
import { ApiProblem, ask } from "../shared/api.js";
import { clone, first, keyed, slot, write } from "../shared/dom.js";
import { Drawing } from "../shared/drawing.js";
import { legible, outside } from "../values/legible.js";
import { Received } from "../values/received.js";
import { parts } from "../builder/room.js";
import { clockTime, summaryPieces } from "../values/summary.js";

/** @import { EventClient } from "../client/client.js" */
/** @import { Category, EventType } from "../client/protocol.js" */
/** @import { OnTake } from "../narrowing/chips.js" */
/** @import { Catalog } from "../shared/catalog.js" */

const CATEGORY = "mcp";
const MEMBER = "mcp_name"; // of a payload: which server it is about
const LOOKED_BACK = 200; // events, for the last of each server
const ASKED_EVERY = 1_000; // ms
/** How servers are, the worst first. */
const SIGNS = new Map([
  ["auto_disabled", "✕"],
  ["unhealthy", "✕"],
  ["degraded", "◐"],
  ["unknown", "○"],
  ["healthy", "●"],
  ["inactive", "–"],
]);
const PLACES = new Map([...SIGNS.keys()].map((how, place) => [how, place]));
const STATES = new Map([
  ["auto_disabled", "auto-disabled"],
  ["inactive", "inactive"],
]);

/** @typedef {{ name: string, status: string, disabled_by: string, health_status: string, circuit_state: string }} Server */

/** @type {Omit<Server, "name">} */
const NOT_TOLD = { status: "active", disabled_by: "", health_status: "", circuit_state: "closed" };

export class Fleet {
  #root;
  #client;
  #onChoose;
  /** @type {Catalog | undefined} */
  #catalog;
  /** @type {Server[]} */
  #servers = [];
  /** @type {string[]} */
  #order = []; // of the tiles: names, the worst first
  /** @type {Map<string, Received>} */
  #last = new Map(); // events, by the server's name
  /** @type {Date | undefined} */
  #asOf; // when the connection was lost
  #isStale = false;
  #asked = ""; // types whose events are followed
  #asks = 0; // of the list of servers
  #answered = 0; // the newest ask whose answer is shown
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #drawing = new Drawing(
    () => this.#draw(),
    () => false,
  );

  /** `client` is for this alone, so that nothing of it comes into the feed. */
  constructor(/** @type {HTMLElement} */ root, /** @type {EventClient} */ client, /** @type {OnTake} */ onChoose) {
    this.#root = root;
    this.#client = client;
    this.#onChoose = onChoose;
    client.on("event", (event, text) => this.#happened(new Received(event, text)));
    client.on("replayed", () => this.#askSoon());
    client.on("state", ({ state, previous }) => {
      if (previous === "live") this.#asOf = new Date();
      if (state !== "connecting") this.#isStale = state === "waiting" || state === "refused";
      this.#drawing.ask();
    });
  }

  update(/** @type {Category | undefined} */ category, /** @type {Catalog} */ catalog) {
    const isNews = catalog.version !== this.#catalog?.version;
    const isShown = category?.id === CATEGORY;
    const isOpened = isShown && this.#root.dataset.shown !== "true";
    this.#catalog = catalog;
    this.#root.dataset.shown = String(isShown);
    if (!isShown) this.#client.close(); // coming back, it resumes
    if (isOpened || (isShown && isNews)) this.#ask();
    this.#draw();
  }

  get #isShown() {
    return this.#root.dataset.shown === "true";
  }

  /** The types whose events tell which server they are about. */
  get #types() {
    const category = this.#catalog?.categories.find(({ id }) => id === CATEGORY);
    const tells = (/** @type {EventType} */ { filterable_fields: fields }) =>
      fields.some(({ data_key: key }) => key === MEMBER);
    return (category?.events ?? []).filter(tells).map(({ id }) => id);
  }

  /** Until the servers are told: as many as there will be, so that what is below the tiles stays where it is. */
  get #expected() {
    const names = this.#catalog?.filters(this.#types).find(({ data_key: key }) => key === MEMBER)?.options ?? [];
    return names.map((name) => ({ ...NOT_TOLD, name }));
  }

  #askSoon() {
    if (!this.#isShown) return;
    this.#timer ??= setTimeout(() => this.#ask(), ASKED_EVERY);
  }

  async #ask() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const place = ++this.#asks;
    try {
      const servers = await ask("mcp-list", new URLSearchParams());
      if (place < this.#answered) return; // it tells how they were before
      this.#answered = place;
      this.#servers = servers;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.#answered ||= place;
      this.#draw();
      return; // what is shown stays; the next event, or the next connection, asks again
    }
    if (this.#isShown && this.#servers.length) this.#follow();
    this.#draw();
  }

  #follow() {
    const types = this.#types;
    if (this.#client.state === "closed") this.#client.connect();
    if (String(types) === this.#asked) return;
    this.#asked = String(types);
    for (const subscription of this.#client.subscriptions) this.#client.unsubscribe(subscription);
    // Refused, or unsubscribed before the answer: the tiles then do without their last events.
    for (const part of parts(types, this.#catalog?.limits.event_types_per_subscription)) {
      this.#client.subscribe(part, {}, { last: LOOKED_BACK }).catch(() => {});
    }
  }

  #happened(/** @type {Received} */ event) {
    const name = event.data.get(MEMBER);
    const server = this.#servers.find((each) => each.name === name);
    if (!server) return;
    this.#last.set(server.name, event);
    if (event.data.get("changed") !== false) this.#askSoon(); // a health check that found nothing new says so
    this.#drawing.ask();
  }

  #draw() {
    const servers = this.#answered ? this.#servers : this.#expected;
    this.#root.hidden = !this.#isShown || !servers.length;
    if (this.#root.hidden) return;
    const asOf = slot(this.#root, "as-of");
    asOf.hidden = !this.#isStale;
    if (this.#asOf) asOf.textContent = `As of ${clockTime(this.#asOf)}: the connection is lost.`;
    this.#root.classList.toggle("stale", this.#isStale);
    // Nothing moves under the hand, or away from the focus.
    if (!this.#root.matches(":hover, :focus-within")) {
      this.#order = servers.toSorted((one, other) => placeOf(one) - placeOf(other)).map(({ name }) => name);
    }
    const place = (/** @type {Server} */ { name }) => this.#order.indexOf(name);
    keyed(
      slot(this.#root, "tiles"),
      servers.toSorted((one, other) => place(one) - place(other)),
      {
        key: ({ name }) => name,
        create: () => this.#create(),
        update: (tile, server) => this.#show(tile, server),
      },
    );
  }

  #create() {
    const tile = clone("tile-template");
    first(tile, "button").addEventListener("click", () => {
      this.#onChoose(this.#types, [{ member: MEMBER, value: tile.dataset.key ?? "" }]);
    });
    return tile;
  }

  #show(/** @type {HTMLElement} */ tile, /** @type {Server} */ server) {
    const { name, health_status: health, circuit_state: circuit } = server;
    const how = howItIs(server);
    const event = this.#last.get(name);
    first(tile, "button").dataset.health = how;
    write(tile, {
      sign: SIGNS.get(how) ?? "",
      name: outside(name),
      state: legible(STATES.get(how) ?? health),
      circuit: STATES.has(how) || circuit === "closed" ? "" : legible(`circuit ${circuit.replace("_", "-")} · `),
      last: event ? [`${clockTime(new Date(event.timestamp))} `, ...this.#line(event)] : health && "no event lately",
    });
  }

  #line(/** @type {Received} */ event) {
    return summaryPieces(this.#catalog?.type(event.type), event);
  }
}

function howItIs(/** @type {Server} */ { status, disabled_by: by, health_status: health }) {
  if (status === "active") return SIGNS.has(health) ? health : "unknown";
  return by === "auto" ? "auto_disabled" : "inactive";
}

function placeOf(/** @type {Server} */ server) {
  return PLACES.get(howItIs(server)) ?? 0;
}
