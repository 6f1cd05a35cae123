/** An event as one line of text, and its time. */
import { serverNow } from "../time/server_time.js";
import { stringify } from "./exact.js";
import { legible, outside } from "./legible.js";

/** @import { EventType } from "../client/protocol.js" */
/** @import { Json } from "./exact.js" */
/** @import { Piece } from "./legible.js" */
/** @import { Received } from "./received.js" */

const PLACEHOLDER = /\{([a-zA-Z_][a-zA-Z0-9_]*)\}/g;
const LONGEST_MEMBER = 60; // characters of a member that is not text
const LONGEST_LINE = 400; // characters; what is longer stands in the payload

/** The line in pieces, as `say` of dom.js writes them; `event.data` is a Map. As `line` of events/core/legible.py. */
export function summaryPieces(
  /** @type {Pick<EventType, "label" | "summary"> | undefined} */ type,
  /** @type {Pick<Received, "type" | "data">} */ event,
) {
  if (!type?.summary) return [legible(type?.label || event.type)];
  const pieces = type.summary.split(PLACEHOLDER).map((part, place) => {
    const isMember = place % 2 === 1;
    // A character has two units at most.
    const text = (isMember ? member(event.data.get(part)) : part).slice(0, 2 * (LONGEST_LINE + 1));
    return isMember ? outside(text) : legible(text);
  });
  return cutPieces(pieces.filter((piece) => textOf(piece)));
}

export function summaryLine(
  /** @type {Pick<EventType, "label" | "summary"> | undefined} */ type,
  /** @type {Pick<Received, "type" | "data">} */ event,
) {
  return summaryPieces(type, event).map(textOf).join("");
}

/** The names of the members that a template shows. */
export function placeholders(/** @type {string | undefined} */ template) {
  return [...(template ?? "").matchAll(PLACEHOLDER)].map(([, name]) => name);
}

function member(/** @type {Json | undefined} */ value) {
  if (value === null || value === undefined) return "?";
  return typeof value === "string" ? value : shortened(stringify(value), LONGEST_MEMBER);
}

function cutPieces(/** @type {Piece[]} */ pieces) {
  if (pieces.reduce((units, piece) => units + textOf(piece).length, 0) <= LONGEST_LINE) return pieces;
  const kept = [];
  let room = LONGEST_LINE;
  for (const [place, piece] of pieces.entries()) {
    const characters = [...textOf(piece)];
    const isLast = place === pieces.length - 1;
    if (characters.length > room || (characters.length === room && !isLast)) {
      const text = `${characters.slice(0, room - 1).join("")}…`;
      return [...kept, typeof piece === "string" ? text : { outside: text }];
    }
    kept.push(piece);
    room -= characters.length;
  }
  return kept;
}

function textOf(/** @type {Piece} */ piece) {
  return typeof piece === "string" ? piece : piece.outside;
}

function shortened(/** @type {string} */ text, /** @type {number} */ length) {
  if (text.length <= length) return text;
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

// Made once: a formatter costs many times what its use costs.
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const MINUTES = new Intl.DateTimeFormat(undefined, { timeStyle: "short", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const ZONE = new Intl.DateTimeFormat("en", { timeZoneName: "short" });
const NUMBER = new Intl.NumberFormat("en");

/** The clock's time; of another day than today, with that day before it. */
export function clockTime(/** @type {Date} */ date, /** @type {Date} */ today = new Date(serverNow())) {
  return timeOfDay(date, today, CLOCK);
}

function timeOfDay(/** @type {Date} */ date, /** @type {Date} */ today, /** @type {Intl.DateTimeFormat} */ clock) {
  return isSameDay(date, today) ? clock.format(date) : `${DAY.format(date)} ${clock.format(date)}`;
}

export function isSameDay(/** @type {Date} */ date, /** @type {Date} */ today = new Date(serverNow())) {
  return date.toDateString() === today.toDateString();
}

/** The same to the minute. */
export function minuteTime(/** @type {Date} */ date) {
  return timeOfDay(date, new Date(serverNow()), MINUTES);
}

/** “2026-11-29 10:21:45.118 GMT+1”: milliseconds, because the order of events may hang on them. */
export function fullTime(/** @type {Date} */ date) {
  const zone = ZONE.formatToParts(date).find(({ type }) => type === "timeZoneName")?.value ?? "";
  return `${dateAndTime(date, true)} ${zone}`;
}

/** “2026-11-29 10:21:45”, in the reader's zone; with milliseconds if they are wanted. */
export function dateAndTime(/** @type {Date} */ date, withMs = false) {
  return utcTime(new Date(date.getTime() - date.getTimezoneOffset() * 60_000), withMs);
}

/** The same in UTC. */
export function utcTime(/** @type {Date} */ date, withMs = false) {
  return date
    .toISOString()
    .slice(0, withMs ? 23 : 19)
    .replace("T", " ");
}

/** How long ago, in the coarsest unit that says something: "now", "4 s ago", "3 min ago", "2 h ago". */
export function ago(/** @type {number} */ milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

/** The same in the room of a column: "now", "4 s", "3 min", "2 h", "5 d". */
export function age(/** @type {number} */ milliseconds) {
  const hours = Math.floor(milliseconds / 3_600_000);
  return hours < 24 ? ago(milliseconds).replace(" ago", "") : `${grouped(Math.floor(hours / 24))} d`;
}

/** 12345 as "12,345". */
export function grouped(/** @type {number} */ number) {
  return NUMBER.format(number);
}

/** `count(3, "event")` is "3 events". */
export function count(/** @type {number} */ number, /** @type {string} */ noun) {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}
