/** Loads the dialogs “Why?”, “Use in code” and “Send a test event” when somebody opens them for the first time: most visits never do. */
import { byId, slot, write } from "../shared/dom.js";
import { ADDRESSES } from "../shared/site.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Code } from "./code.js" */
/** @import { Trial } from "./trial.js" */
/** @import { Why } from "./why.js" */

/** @type {Why | undefined} */
let why;
/** @type {Code | undefined} */
let code;
/** @type {Trial | undefined} */
let trial;

/** Lets `ask` open the dialog; which says so, if it cannot be loaded. */
export async function askWhy(/** @type {(why: Why) => void} */ ask) {
  const dialog = byId("why", HTMLDialogElement);
  try {
    const loaded = await import("./why.js");
    why ??= new loaded.Why(dialog);
  } catch {
    write(dialog, {
      title: "Why?",
      about: "",
      state: "The server cannot be reached, so nothing can be explained now.",
    });
    if (!dialog.open) dialog.showModal();
    return;
  }
  ask(why);
}

/** Shows the code in its dialog; which says so, if it cannot be loaded. */
export async function showCode(/** @type {Asked} */ asked) {
  const dialog = byId("code", HTMLDialogElement);
  const copy = slot(dialog, "copy");
  try {
    const loaded = await import("./code.js");
    code ??= new loaded.Code(dialog, ADDRESSES);
  } catch {
    write(dialog, { note: "The server cannot be reached, so no code can be shown now." });
    copy.hidden = true;
    if (!dialog.open) dialog.showModal();
    return;
  }
  copy.hidden = false;
  code.show(asked);
}

/** Lets an event be sent that is asked for; or says that the dialog cannot be loaded. */
export async function tryEvent(/** @type {Asked} */ asked, /** @type {Catalog} */ catalog) {
  const dialog = byId("trial", HTMLDialogElement);
  try {
    const loaded = await import("./trial.js");
    trial ??= new loaded.Trial(dialog);
  } catch {
    write(dialog, { said: "The server cannot be reached, so nothing can be sent now." });
    if (!dialog.open) dialog.showModal();
    return;
  }
  trial.show(asked, catalog);
}
