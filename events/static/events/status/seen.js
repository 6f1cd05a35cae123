/** Values that recent events have had, for a filter whose options nobody has made yet. */
import { askForEvents, parametersOf } from "../shared/api.js";
import { isScalar, plainText } from "../values/exact.js";

/** @import { Filter } from "../shared/catalog.js" */

const LOOKED_AT = 200; // events

/** Up to LOOKED_AT different texts, sorted, of the first `mostTypes` types. Rejects with ApiProblem. */
export async function valuesSeen(
  /** @type {Filter} */ { binds, data_key: member },
  /** @type {number | undefined} */ mostTypes,
) {
  const parameters = parametersOf({ eventTypes: binds.slice(0, mostTypes), filters: {} });
  parameters.append("limit", String(LOOKED_AT));
  const { events } = await askForEvents(parameters);
  const values = events.flatMap(({ data }) => data.get(member) ?? []).filter(isScalar);
  return [...new Set(values.map(plainText))].filter(Boolean).sort();
}
