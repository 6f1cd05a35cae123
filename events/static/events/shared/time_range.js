/** “From” and “to” in the reader's zone; the address has them in UTC, and so has the form without JavaScript. */
import { localInput, zoneName } from "./local_time.js";

export function inOwnZone(/** @type {HTMLFormElement} */ form) {
  /** @type {NodeListOf<HTMLInputElement>} */
  const inputs = form.querySelectorAll("input[type=datetime-local]");
  for (const input of inputs) if (input.value) input.value = localInput(new Date(`${input.value}Z`));
  for (const place of form.querySelectorAll("[data-slot=zone]")) place.textContent = zoneName();
  form.addEventListener("formdata", ({ formData }) => {
    for (const { name, value } of inputs) {
      if (value) formData.set(name, new Date(value).toISOString().replace(".000Z", "Z"));
      else formData.delete(name);
    }
  });
}
