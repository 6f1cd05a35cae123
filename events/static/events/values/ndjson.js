/** Events as a file, one JSON object a line, in the very words in which the server sent them. */

/** @import { Received } from "./received.js" */

export function lines(/** @type {Received[]} */ events) {
  return events.map(({ text }) => `${text}\n`);
}

/** Saves them as a file that is named after now. */
export function exportEvents(/** @type {Received[]} */ events) {
  download(`eventhub-${new Date().toISOString().replaceAll(":", "-")}.ndjson`, lines(events));
}

export function download(/** @type {string} */ name, /** @type {BlobPart[]} */ parts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "application/x-ndjson" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it only after the click
}
