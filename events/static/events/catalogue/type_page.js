/** The page of an event type: how to subscribe to it, and to send one, as code. */
import { callEach } from "../client/failures.js";
import { byId, slot } from "../shared/dom.js";
import { Languages } from "../dialogs/languages.js";
import { ADDRESSES } from "../shared/site.js";
import { emitSnippets, subscriptionSnippets } from "../shared/snippets.js";

/** @import { Snippet } from "../shared/snippets.js" */

/**
 * @typedef {object} TypeData what the server has written into the page
 * @property {string} type
 * @property {string} payload of the example, as text
 * @property {boolean} is_external whether it may be sent from outside
 */

/** @type {TypeData} */
const { type, payload, is_external: isExternal } = JSON.parse(byId("page-data").textContent ?? "");

callEach(
  () => show("subscribing", subscriptionSnippets({ eventTypes: [type], filters: {} }, ADDRESSES), "Python"),
  () => isExternal && show("emitting", emitSnippets({ type, payload }, ADDRESSES.site), "curl"),
);

function show(/** @type {string} */ id, /** @type {Snippet[]} */ snippets, /** @type {string} */ language) {
  const section = byId(id);
  const panel = slot(section, "languages-panel");
  new Languages(panel, language).show(snippets);
  panel.hidden = false;
  slot(section, "no-script").hidden = true;
}
