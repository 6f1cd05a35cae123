/** The operators of filters, the same as in events/core/filters.py: when each holds, and how it is written. */

/** @typedef {string | number | bigint} Comparable a text that is folded, or a number */

/**
 * @typedef {object} Operator
 * @property {(actual: Comparable, wanted: Comparable) => boolean} holds
 * @property {string} hint beside an input
 * @property {string} sign between a filter and its value, where there is little room
 * @property {string} verb in a sentence
 * @property {boolean} [isText] it looks for a text in a text
 */

// biome-ignore lint/suspicious/noDoubleEquals: of a BigInt and a number, === is never true
const isEqual = (/** @type {Comparable} */ actual, /** @type {Comparable} */ wanted) => actual == wanted;

export const OPERATORS = new Map(
  /** @type {[string, Operator][]} */ ([
    ["in", { holds: isEqual, hint: "", sign: ":", verb: "is" }],
    ["eq", { holds: isEqual, hint: "equals", sign: ":", verb: "is" }],
    [
      "contains",
      {
        holds: (actual, wanted) => String(actual).includes(String(wanted)),
        hint: "contains",
        sign: " contains",
        verb: "contains",
        isText: true,
      },
    ],
    [
      "prefix",
      {
        holds: (actual, wanted) => String(actual).startsWith(String(wanted)),
        hint: "begins with",
        sign: " begins with",
        verb: "begins with",
        isText: true,
      },
    ],
    ["gte", { holds: (actual, wanted) => actual >= wanted, hint: "at least", sign: " ≥", verb: "is at least" }],
    ["lte", { holds: (actual, wanted) => actual <= wanted, hint: "at most", sign: " ≤", verb: "is at most" }],
  ]),
);
