/** Why the server did not take a subscription again, as the page says it. */
import { legible } from "./legible.js";

/** The server's own sentence about a type that is not there names all types that are: too many to read. */
export function whyRefused(/** @type {Error & { code?: unknown }} */ error) {
  if (error.code === "unknown_event_type") return "one of its event types is gone, or you may not see it any more.";
  return legible(error.message);
}
