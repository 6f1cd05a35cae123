/** The log read backwards for several subscriptions at once: one stream for each, merged by position. */
import { askForEvents, parametersOf } from "../shared/api.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Range } from "../overview/overview.js" */
/** @import { Received } from "../values/received.js" */

const PAGE = 100; // events that one answer brings

/**
 * @typedef {object} Stream
 * @property {Asked} asked
 * @property {string | null | undefined} cursor
 * @property {Received[]} events
 * @property {boolean} isDone
 * @property {boolean} isCut the search for the next took too long
 */

export class Older {
  isDone = false;
  /** @type {string | null} */
  lookedBackTo = null; // when a search took too long: down to which time it got

  #streams;
  /** @type {Set<string>} */
  #seen = new Set(); // ids: what several ask for is given once
  #range;
  #ask;

  /** Older than the position `before`, if there is one, and within a time. `asking` as `askForEvents` of api.js. */
  constructor(
    /** @type {Asked[]} */ subscriptions,
    /** @type {string | null} */ before,
    /** @type {Range} */ range = {},
    /** @type {typeof askForEvents} */ asking = askForEvents,
  ) {
    /** @type {Stream[]} */
    this.#streams = subscriptions.map((asked) => ({
      asked: { ...asked },
      cursor: before,
      events: [],
      isDone: false,
      isCut: false,
    }));
    this.#range = range;
    this.#ask = asking;
  }

  /** Up to `most` events, newest first; fewer at the end of the log, or when a search took too long. Rejects with ApiProblem. */
  async next(/** @type {number} */ most) {
    /** @type {Received[]} */
    const found = [];
    this.lookedBackTo = null;
    for (const stream of this.#streams) stream.isCut = false;
    while (found.length < most && (await this.#filled())) {
      const stream = newest(this.#streams);
      if (!stream) break;
      const event = /** @type {Received} */ (stream.events.shift());
      if (this.#seen.has(idOf(event))) continue;
      this.#seen.add(idOf(event));
      found.push(event);
    }
    this.isDone = this.#streams.every(({ events, isDone }) => isDone && !events.length);
    return found;
  }

  /** Asks until each stream has its next event; false when one was cut short, so that nobody knows which comes next. */
  async #filled() {
    for (const stream of this.#streams) {
      while (!stream.events.length && !stream.isDone && !stream.isCut) await this.#fetch(stream);
    }
    return this.#streams.every(({ events, isCut }) => events.length || !isCut);
  }

  async #fetch(/** @type {Stream} */ stream) {
    const parameters = parametersOf(stream.asked);
    parameters.append("limit", String(PAGE));
    for (const [name, time] of Object.entries(this.#range)) {
      if (time !== undefined) parameters.append(name, new Date(time).toISOString());
    }
    if (stream.cursor) parameters.append("cursor", stream.cursor);
    const { events, next, looked_back_to: lookedBackTo } = await this.#ask(parameters);
    stream.events = events;
    stream.cursor = next;
    stream.isDone = next === null;
    stream.isCut = lookedBackTo !== undefined;
    if (lookedBackTo !== undefined) this.lookedBackTo = lookedBackTo;
  }
}

/** Returns an event's id, which all have that are logged. */
export function idOf(/** @type {Received} */ { id }) {
  if (id === undefined) throw new TypeError("The event is not logged, so it has no id.");
  return id;
}

/** Before this position come the events up to and with the one at `position`. */
export function following(/** @type {string} */ position) {
  return `${epochOf(position)}-${numberOf(position) + 1}`;
}

function epochOf(/** @type {string} */ position) {
  return position.slice(0, position.lastIndexOf("-"));
}

export function numberOf(/** @type {string} */ position) {
  return Number(position.slice(position.lastIndexOf("-") + 1));
}

function newest(/** @type {Stream[]} */ streams) {
  const waiting = streams.filter(({ events }) => events.length);
  const number = (/** @type {Stream} */ { events: [next] }) => numberOf(idOf(next));
  return waiting.length ? waiting.reduce((one, other) => (number(other) > number(one) ? other : one)) : null;
}
