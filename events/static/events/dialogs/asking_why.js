/** Loads the dialog “Why?” when somebody asks for the first time: most visits never do. */
import { byId, write } from "../shared/dom.js";

/** @import { Why } from "./why.js" */

/** @type {Why | undefined} */
let why;

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
