/** The page of one event: its times in one's own zone, and what can be copied of it. */
import { againButton } from "./detail/again.js";
import { copyOnClick } from "./shared/clipboard.js";
import { byId } from "./shared/dom.js";
import { inLocalTime } from "./time/local_time.js";
import { pageData } from "./shared/page_data.js";
import { SITE } from "./shared/site.js";
import { eventSnippets } from "./shared/snippets.js";
import { parse } from "./values/exact.js";
import { Received } from "./values/received.js";

/** @import { Json } from "./values/exact.js" */

const { event, may_emit: mayEmit } = pageData();
const { data, ...rest } = event;
const received = Received.of(
  new Map(/** @type {[string, Json][]} */ ([...Object.entries(rest), ["data", parse(data)]])),
);

inLocalTime(byId("main"));
const link = { name: "link", code: location.href };
byId("actions").append(...[link, ...eventSnippets(received, { site: SITE, mayEmit })].map(copyButton));
if (mayEmit) byId("actions").append(againButton(received));
byId("actions").hidden = false;

function copyButton(/** @type {{ name: string, code: string }} */ { name, code }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "outline secondary small";
  button.textContent = name === "link" ? "Copy link" : `Copy as ${name}`;
  copyOnClick(button, () => code);
  return button;
}
