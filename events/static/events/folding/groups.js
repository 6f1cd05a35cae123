/**
 * Which rows of the feed fold, so that one stands for all of them. Only rows that follow each other do.
 *
 * Alike: five or more events of one type and severity; of grave ones also what their lines say is the same. The newest
 * stands for them.
 *
 * The story of one subject: three or more events about it, of several types, each at most five minutes from the next, and
 * one of them at least a warning. The gravest stands for them; of several as grave, the newest. In a list that tells of
 * one subject only, there is no story: each event is then what one came for.
 *
 * No fold goes over the line where the log begins, nor over a remark.
 */
import { isScalar, plainText } from "../values/exact.js";
import { SEVERITIES } from "../values/severities.js";
import { summaryLine } from "../values/summary.js";

/** @import { EventType } from "../client/protocol.js" */
/** @import { Received } from "../values/received.js" */

const FEWEST_ALIKE = 5; // rows
const FEWEST_OF_STORY = 3; // rows
const LONGEST_PAUSE = 5 * 60_000; // ms between two events of a story

/**
 * @typedef {object} Traits what decides with which others a row folds
 * @property {string} type
 * @property {string} alike the same for all events that are alike
 * @property {string} subject what it is about; "" for nothing
 * @property {number} gravity
 * @property {number} time ms since the epoch
 * @property {boolean} isLogged whether it is from the log, below what came live
 */

/** @typedef {{ isStory: boolean, from: number, to: number, head: number }} Group places; `to` is no part of it */

/** @returns {Traits} */
export function traitsOf(
  /** @type {EventType | undefined} */ type,
  /** @type {Received} */ event,
  /** @type {boolean} */ isLogged,
) {
  const line = event.severity !== "info" ? summaryLine(type, event) : "";
  const subject = type?.subject ? event.data.get(type.subject) : undefined;
  return {
    type: event.type,
    alike: `${event.type} ${event.severity} ${line}`,
    subject: isScalar(subject) ? plainText(subject) : "",
    gravity: SEVERITIES.indexOf(event.severity),
    time: Date.parse(event.timestamp),
    isLogged,
  };
}

/**
 * The rows newest first; null for a remark, which folds with nothing.
 * @returns {Group[]}
 */
export function groupsOf(/** @type {(Traits | null)[]} */ rows) {
  const subjects = new Set(rows.flatMap((row) => (row ? [row.subject] : [])));
  const stories = subjects.size > 1 ? stretches(rows, areOfOneStory).filter((each) => isStory(rows, each)) : [];
  const rest = [...rows]; // without what is told
  for (const { from, to } of stories) rest.fill(null, from, to);
  const alike = stretches(rest, areAlike).filter(({ from, to }) => to - from >= FEWEST_ALIKE);
  return [
    ...alike.map((each) => ({ ...each, isStory: false, head: each.from })),
    ...stories.map((each) => ({ ...each, isStory: true, head: gravest(rows, each) })),
  ];
}

/** @typedef {{ from: number, to: number }} Stretch */

/** Rows, as many as can be, of which each two neighbours go together. */
function stretches(
  /** @type {(Traits | null)[]} */ rows,
  /** @type {(newer: Traits, older: Traits) => boolean} */ goTogether,
) {
  /** @type {Stretch[]} */
  const found = [];
  for (let from = 0, to; from < rows.length; from = to) {
    to = from + 1;
    for (let newer = rows[from]; newer; to += 1) {
      const older = rows[to];
      if (!older || newer.isLogged !== older.isLogged || !goTogether(newer, older)) break;
      newer = older;
    }
    if (to - from > 1) found.push({ from, to });
  }
  return found;
}

function areAlike(/** @type {Traits} */ newer, /** @type {Traits} */ older) {
  return newer.alike === older.alike;
}

function areOfOneStory(/** @type {Traits} */ newer, /** @type {Traits} */ older) {
  return newer.subject !== "" && newer.subject === older.subject && Math.abs(newer.time - older.time) <= LONGEST_PAUSE;
}

function isStory(/** @type {(Traits | null)[]} */ rows, /** @type {Stretch} */ { from, to }) {
  const of = rows.slice(from, to);
  const isGrave = of.some((each) => each && each.gravity > 0);
  return isGrave && to - from >= FEWEST_OF_STORY && new Set(of.map((each) => each?.type)).size > 1;
}

function gravest(/** @type {(Traits | null)[]} */ rows, /** @type {Stretch} */ { from, to }) {
  let head = from;
  for (let place = from; place < to; place += 1) {
    if ((rows[place]?.gravity ?? 0) > (rows[head]?.gravity ?? 0)) head = place;
  }
  return head;
}
