/** The dialog “Use in code”. */
import { copyOnClick } from "../shared/clipboard.js";
import { clone, first, keyed, slot, write } from "../shared/dom.js";
import { subscriptionSnippets } from "../shared/snippets.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Addresses, Snippet } from "../shared/snippets.js" */

export class Code {
  #dialog;
  #addresses;
  /** @type {Snippet[]} */
  #snippets = [];
  #chosen = "JSON";

  constructor(/** @type {HTMLDialogElement} */ dialog, /** @type {Addresses} */ addresses) {
    this.#dialog = dialog;
    this.#addresses = addresses;
    slot(dialog, "languages").addEventListener("change", ({ target }) => {
      this.#choose(/** @type {HTMLInputElement} */ (target).value);
    });
    copyOnClick(slot(dialog, "copy"), () => slot(dialog, "code").textContent ?? "");
  }

  show(/** @type {Asked} */ asked) {
    this.#snippets = subscriptionSnippets(asked, this.#addresses);
    keyed(slot(this.#dialog, "languages"), this.#snippets, {
      key: ({ name }) => name,
      create: () => clone("language-template"),
      update: (row, { name }) => {
        const input = first(row, "input", HTMLInputElement);
        input.value = name;
        input.checked = name === this.#chosen;
        write(row, { name });
      },
    });
    this.#choose(this.#chosen);
    this.#dialog.showModal();
  }

  #choose(/** @type {string} */ name) {
    this.#chosen = name;
    const snippet = this.#snippets.find((each) => each.name === name);
    if (snippet) write(this.#dialog, { note: snippet.note, code: snippet.code });
  }
}
