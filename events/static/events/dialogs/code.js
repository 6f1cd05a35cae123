/** The dialog “Use in code”. */
import { Languages } from "./languages.js";
import { subscriptionSnippets } from "../shared/snippets.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Addresses } from "../shared/snippets.js" */

export class Code {
  #dialog;
  #addresses;
  #languages;

  constructor(/** @type {HTMLDialogElement} */ dialog, /** @type {Addresses} */ addresses) {
    this.#dialog = dialog;
    this.#addresses = addresses;
    this.#languages = new Languages(dialog);
  }

  show(/** @type {Asked} */ asked) {
    this.#languages.show(subscriptionSnippets(asked, this.#addresses));
    this.#dialog.showModal();
  }
}
