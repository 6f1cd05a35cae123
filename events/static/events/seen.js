/** Values that recent events have had, for a filter whose options nobody has made yet. */
import { ask, parametersOf } from "./api.js";

const LOOKED_AT = 200; // events

/** Up to LOOKED_AT different texts, sorted. Rejects with ApiProblem. */
export async function valuesSeen({ binds, data_key: member }) {
  const parameters = parametersOf({ eventTypes: binds, filters: {} });
  parameters.append("limit", LOOKED_AT);
  const { events } = await ask("", parameters);
  const values = events.flatMap(({ data }) => data[member] ?? []).filter((value) => typeof value !== "object");
  return [...new Set(values.map(String))].filter(Boolean).sort();
}
