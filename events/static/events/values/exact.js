/** JSON as it was written: numbers keep their digits, and objects, which become Maps, any name and their order. */

/** @typedef {string | number | boolean | Digits} Scalar */
/** @typedef {null | Scalar | Json[] | Map<string, Json>} Json */

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS = new Map(
  /** @type {[string, [string, boolean | null]][]} */ ([
    ["t", ["true", true]],
    ["f", ["false", false]],
    ["n", ["null", null]],
  ]),
);

/** A number that JavaScript would write with other digits: 9007199254740993, 1.0, 1e400. */
export class Digits {
  constructor(/** @type {string} */ text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/**
 * Returns what a text of JSON says; raises SyntaxError.
 * @returns {Json}
 */
export function parse(/** @type {string} */ text) {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

/** The text that was parsed, or, with an indent, in lines like those of JSON.stringify. */
export function stringify(/** @type {Json} */ value, /** @type {number} */ indent = 0) {
  return written(value, " ".repeat(indent), indent ? "\n" : "");
}

/**
 * Returns whether it is one value: no list, no object, and not null.
 * @returns {value is Scalar}
 */
export function isScalar(/** @type {unknown} */ value) {
  return ["string", "number", "boolean"].includes(typeof value) || value instanceof Digits;
}

/** Whether two scalars are written alike. */
export function sameScalar(/** @type {Json | undefined} */ one, /** @type {Json | undefined} */ other) {
  return one === other || (one instanceof Digits && other instanceof Digits && one.text === other.text);
}

/** A string as it is, anything else as JSON: what filters compare, and addresses and inputs have. */
export function plainText(/** @type {Json} */ value) {
  return typeof value === "string" ? value : stringify(value);
}

/** @returns {string} */
function written(/** @type {Json} */ value, /** @type {string} */ step, /** @type {string} */ line) {
  if (value instanceof Map) {
    const members = [...value].map(
      ([name, member]) => `${JSON.stringify(name)}:${line && " "}${written(member, step, line && line + step)}`,
    );
    return enclosed("{", members, "}", step, line);
  }
  if (Array.isArray(value)) {
    return enclosed(
      "[",
      value.map((each) => written(each, step, line && line + step)),
      "]",
      step,
      line,
    );
  }
  return value instanceof Digits ? value.text : JSON.stringify(value);
}

function enclosed(
  /** @type {string} */ open,
  /** @type {string[]} */ parts,
  /** @type {string} */ close,
  /** @type {string} */ step,
  /** @type {string} */ line,
) {
  if (!parts.length) return open + close;
  return line ? open + line + step + parts.join(`,${line}${step}`) + line + close : open + parts.join(",") + close;
}

class Reader {
  #text;
  #at = 0;

  constructor(/** @type {string} */ text) {
    this.#text = text;
  }

  /** @returns {Json} */
  value() {
    const next = this.#next();
    if (next === '"') return this.#string();
    if (next === "{") return this.#object();
    if (next === "[") return this.#list();
    const word = WORDS.get(next);
    return word ? this.#word(...word) : this.#number();
  }

  end() {
    if (this.#next()) throw this.#wrong();
  }

  #object() {
    /** @type {Map<string, Json>} */
    const members = new Map();
    this.#each("}", () => {
      if (this.#next() !== '"') throw this.#wrong();
      const name = this.#string();
      this.#take(":");
      members.set(name, this.value());
    });
    return members;
  }

  #list() {
    /** @type {Json[]} */
    const values = [];
    this.#each("]", () => values.push(this.value()));
    return values;
  }

  #each(/** @type {string} */ close, /** @type {() => void} */ read) {
    this.#at += 1;
    if (this.#next() !== close) {
      do read();
      while (this.#next() === "," && (this.#at += 1));
    }
    this.#take(close);
  }

  #string() {
    const text = this.#text;
    const start = this.#at;
    let isEscaped = false;
    let end = start + 1;
    for (let code = text.charCodeAt(end); code !== 0x22; code = text.charCodeAt((end += 1))) {
      if (Number.isNaN(code)) throw this.#wrong();
      if (code === 0x5c) {
        isEscaped = true;
        end += 1;
      }
    }
    this.#at = end + 1;
    return isEscaped ? JSON.parse(text.slice(start, this.#at)) : text.slice(start + 1, end);
  }

  #number() {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) throw this.#wrong();
    this.#at += text.length;
    const number = Number(text);
    return String(number) === text ? number : new Digits(text);
  }

  #word(/** @type {string} */ word, /** @type {boolean | null} */ value) {
    if (!this.#text.startsWith(word, this.#at)) throw this.#wrong();
    this.#at += word.length;
    return value;
  }

  #take(/** @type {string} */ character) {
    if (this.#next() !== character) throw this.#wrong();
    this.#at += 1;
  }

  /** The next character that is no space; "" at the end. */
  #next() {
    SPACE.lastIndex = this.#at;
    this.#at += (SPACE.exec(this.#text)?.[0] ?? "").length;
    return this.#text.charAt(this.#at);
  }

  #wrong() {
    return new SyntaxError(`This is not JSON at character ${this.#at}.`);
  }
}
