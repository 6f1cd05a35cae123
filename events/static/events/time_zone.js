/** A form that asks for a time zone begins with the reader's own. The form works without. */
const field = document.querySelector("input[data-time-zone]");
if (field instanceof HTMLInputElement && field.value === field.defaultValue && field.value === "UTC") {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || field.value;
}
