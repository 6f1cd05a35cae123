/** An event as it came. Its text is kept; what is in it is read when somebody looks, which of most events nobody does. */
import { parse, stringify } from "./exact.js";

const DATA = '"data":';

export class Received {
  #data;

  /** The event as the client gives it, and the text of its message. */
  constructor({ type, id, timestamp, data }, text) {
    this.type = type;
    this.id = id;
    this.timestamp = timestamp;
    this.severity = String(data?.severity ?? "");
    this.text = text;
  }

  /** An event of an answer of the API, as `exact.parse` has it. */
  static of(members) {
    const { type, id, timestamp, data } = Object.fromEntries(members);
    const received = new Received(
      { type, id, timestamp, data: { severity: data.get("severity") } },
      stringify(members),
    );
    received.#data = data;
    return received;
  }

  /** The payload: a Map. */
  get data() {
    return (this.#data ??= parse(this.text).get("data"));
  }

  /** The payload's JSON. What stands before it cannot contain the member's name. */
  get payload() {
    return this.text.slice(this.text.indexOf(DATA) + DATA.length, -1);
  }
}
