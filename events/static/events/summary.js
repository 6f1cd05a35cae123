/** An event as one line of text, and its time. */

const PLACEHOLDER = /\{([a-zA-Z_][a-zA-Z0-9_]*)\}/g;
const LONGEST_MEMBER = 60; // characters of a member that is not text
const LONGEST_LINE = 400; // characters; what is longer stands in the payload

export function summaryLine(type, event) {
  const data = event.data ?? {};
  const template = type?.summary || type?.label || event.type;
  return shortened(template.replace(PLACEHOLDER, (_, name) => member(data[name])), LONGEST_LINE);
}

/** The names of the members that a template shows. */
export function placeholders(template) {
  return [...(template ?? "").matchAll(PLACEHOLDER)].map(([, name]) => name);
}

function member(value) {
  if (value === null || value === undefined) return "?";
  return typeof value === "string" ? value : shortened(JSON.stringify(value), LONGEST_MEMBER);
}

function shortened(text, length) {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

// Made once: a formatter costs many times what its use costs.
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const NUMBER = new Intl.NumberFormat("en");

/** The clock's time; of another day than today, with that day before it. */
export function clockTime(date, today = new Date()) {
  const isToday = date.toDateString() === today.toDateString();
  return isToday ? CLOCK.format(date) : `${DAY.format(date)} ${CLOCK.format(date)}`;
}

export function fullTime(date) {
  return FULL.format(date);
}

/** How long ago, in the coarsest unit that says something: "now", "4 s ago", "3 min ago", "2 h ago". */
export function ago(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

/** 12345 as "12,345". */
export function grouped(number) {
  return NUMBER.format(number);
}

/** `count(3, "event")` is "3 events". */
export function count(number, noun) {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}
