/** The HTTP API, asked with the visitor's session. */
import { parse } from "../values/exact.js";
import { Received } from "../values/received.js";
import { answerCame } from "../time/server_time.js";
import { PATH } from "./site.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Json } from "../values/exact.js" */

const ROOT = `${PATH}/api/v1/events/`;
const VIEWS = `${PATH}/api/v1/views/`;
const LONGEST = 30_000; // ms that a call of the views may take

/** @typedef {{ next?: string | null, complete?: boolean, looked_back_to?: string }} Bounds of a page of the log */
/** @typedef {Bounds & { events: Map<string, Json>[] }} LogPage */

export class ApiProblem extends Error {
  constructor(
    /** @type {{ status?: number, code?: string, detail?: string }} */ { status = 0, code = "unavailable", detail },
  ) {
    super(detail);
    this.name = "ApiProblem";
    this.status = status;
    this.code = code;
  }
}

/** Returns what a subscription asks for, as parameters of history, preview and explain. */
export function parametersOf(/** @type {Asked} */ { eventTypes, filters }) {
  const parameters = new URLSearchParams(eventTypes.map((id) => ["event_type", id]));
  for (const [name, asked] of Object.entries(filters)) {
    for (const value of [asked ?? []].flat()) parameters.append(`filter.${name}`, String(value));
  }
  return parameters;
}

/**
 * Resolves with the answer; rejects with ApiProblem, or with AbortError when `signal` says so.
 * @param {string} call
 * @param {URLSearchParams | string} parameters
 * @param {{ signal?: AbortSignal }} options
 */
export async function ask(call, parameters, { signal } = {}) {
  return JSON.parse(await textOf(call, parameters, signal));
}

/**
 * The same with the digits that came: what is in the answer's members are Maps.
 * @returns {Promise<{ [member: string]: Json }>}
 */
export async function askExactly(/** @type {string} */ call, /** @type {URLSearchParams} */ parameters) {
  return Object.fromEntries(/** @type {Map<string, Json>} */ (parse(await textOf(call, parameters))));
}

/**
 * A page of the log.
 * @param {URLSearchParams} parameters
 * @returns {Promise<Bounds & { events: Received[] }>}
 */
export async function askForEvents(parameters) {
  const { events, ...rest } = /** @type {LogPage} */ (await askExactly("", parameters));
  return { events: events.map((each) => Received.of(each)), ...rest };
}

/**
 * A call of this person's views, such as PATCH; resolves with the view. Rejects with ApiProblem.
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 */
export function send(method, path, body) {
  const signal = AbortSignal.timeout(LONGEST); // these calls are made one after the other
  // Also of a page that is left.
  return write(method, `${VIEWS}${path}`, body && JSON.stringify(body), { keepalive: true, signal });
}

/** Emits an event, the text of its JSON; resolves with its id, type and timestamp. Rejects with ApiProblem. */
export function emit(/** @type {string} */ text) {
  return write("POST", ROOT, text);
}

/**
 * @param {string} method
 * @param {string} address
 * @param {string} [body]
 * @param {RequestInit} [more]
 */
async function write(method, address, body, more) {
  /** @type {HTMLInputElement | null} */
  const csrf = document.querySelector("input[name=csrfmiddlewaretoken]");
  const headers = { "X-CSRFToken": csrf?.value ?? "", ...(body && { "Content-Type": "application/json" }) };
  const options = { method, headers, body, ...more };
  const answer = await fetch(address, options).catch(unreachable);
  const text = await answer.text().catch(unreachable);
  if (!answer.ok) throw new ApiProblem({ status: answer.status, ...problem(answer.status, text) });
  return text ? JSON.parse(text) : null;
}

/**
 * @param {string} call
 * @param {URLSearchParams | string} parameters
 * @param {AbortSignal} [signal]
 */
async function textOf(call, parameters, signal) {
  const asked = Date.now();
  const answer = await fetch(`${ROOT}${call}?${parameters}`, { signal }).catch(unreachable);
  answerCame(asked, answer.headers);
  const text = await answer.text().catch(unreachable);
  if (!answer.ok || !isJson(text)) throw new ApiProblem({ status: answer.status, ...problem(answer.status, text) });
  return text;
}

function problem(/** @type {number} */ status, /** @type {string} */ text) {
  return isJson(text) ? JSON.parse(text) : { detail: `The server answered with status ${status}.` };
}

function isJson(/** @type {string} */ text) {
  return /^\s*[[{]/.test(text);
}

/** @returns {never} */
function unreachable(/** @type {Error} */ error) {
  if (error.name === "AbortError") throw error;
  throw new ApiProblem({ detail: "The server could not be reached." });
}
