/** An event as it came. Its text is kept; what is in it is read when somebody looks, which of most events nobody does. */
import { parse, stringify } from "./exact.js";

/** @import { EventMessage } from "../client/protocol.js" */
/** @import { Json } from "./exact.js" */

const DATA = '"data":';

/** @typedef {Map<string, Json>} Payload */
/** @typedef {{ type: string, id: string, timestamp: string, data: Payload }} Logged an event of an answer of the API */

export class Received {
  /** @type {Payload | undefined} */
  #data;

  /** The event as the client gives it, and the text of its message. */
  constructor(/** @type {EventMessage} */ { type, id, timestamp, data }, /** @type {string} */ text) {
    this.type = type;
    this.id = id;
    this.timestamp = timestamp;
    this.severity = String(data?.severity ?? "");
    this.text = text;
  }

  /** An event of an answer of the API, as `exact.parse` has it. */
  static of(/** @type {Map<string, Json>} */ members) {
    const { type, id, timestamp, data } = /** @type {Logged} */ (Object.fromEntries(members));
    const received = new Received(
      { type, id, timestamp, data: { severity: data.get("severity") } },
      stringify(members),
    );
    received.#data = data;
    return received;
  }

  /** @returns {Payload} */
  get data() {
    return (this.#data ??= /** @type {Map<string, Payload>} */ (parse(this.text)).get("data") ?? new Map());
  }

  /** The payload's JSON. What stands before it cannot contain the member's name. */
  get payload() {
    return this.text.slice(this.text.indexOf(DATA) + DATA.length, -1);
  }
}
