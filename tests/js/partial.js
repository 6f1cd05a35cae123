/** Values for tests, which have only what a test is about. */
import { Catalog } from "../../events/static/events/shared/catalog.js";
import { parse } from "../../events/static/events/values/exact.js";

export function catalogOf(metadata) {
  return new Catalog({ version: 1, ...metadata });
}

/** Returns the payload, a Map, of a text of JSON. */
export function payloadOf(text) {
  const payload = parse(text);
  if (!(payload instanceof Map)) throw new TypeError(`${text} is no object`);
  return payload;
}
