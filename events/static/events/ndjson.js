/** Events as a file, one JSON object a line, as the protocol has them. */

export function lines(events) {
  return events.map((event) => `${JSON.stringify(event)}\n`);
}

export function download(name, parts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "application/x-ndjson" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it only after the click
}
