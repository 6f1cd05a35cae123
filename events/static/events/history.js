/** The page “History”: read without JavaScript, with it in one's own time and with explanations. */
import { Catalog } from "./catalog.js";
import { inLocalTime } from "./local_time.js";
import { stored } from "./stored.js";
import { Why } from "./why.js";

const { viewer, metadata } = JSON.parse(document.getElementById("page-data").textContent);
const catalog = new Catalog(metadata);
const why = new Why(document.getElementById("why"));
const list = document.getElementById("history");

inLocalTime(list);
for (const button of list.querySelectorAll("button[data-event]")) {
  button.hidden = false;
  button.addEventListener("click", () => why.showEvent(eventOf(button), stored(viewer).subscriptions, catalog));
}

function eventOf(button) {
  const payload = button.closest(".detail").querySelector("pre");
  return { id: button.dataset.event, type: button.dataset.type, data: JSON.parse(payload.textContent) };
}
