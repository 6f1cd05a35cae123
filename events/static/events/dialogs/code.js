/** The dialog “Use in code”. */
import { copyOnClick } from "../shared/clipboard.js";
import { clone, keyed, slot, write } from "../shared/dom.js";
import { subscriptionSnippets } from "../shared/snippets.js";

export class Code {
  #dialog;
  #addresses;
  #snippets = [];
  #chosen = "JSON";

  /** `addresses`: {origin, socket}. */
  constructor(dialog, addresses) {
    this.#dialog = dialog;
    this.#addresses = addresses;
    slot(dialog, "languages").addEventListener("change", ({ target }) => this.#choose(target.value));
    copyOnClick(slot(dialog, "copy"), () => slot(dialog, "code").textContent);
  }

  show(asked) {
    this.#snippets = subscriptionSnippets(asked, this.#addresses);
    keyed(slot(this.#dialog, "languages"), this.#snippets, {
      key: ({ name }) => name,
      create: () => clone("language-template"),
      update: (row, { name }) => {
        row.querySelector("input").value = name;
        row.querySelector("input").checked = name === this.#chosen;
        write(row, { name });
      },
    });
    this.#choose(this.#chosen);
    this.#dialog.showModal();
  }

  #choose(name) {
    this.#chosen = name;
    const { note, code } = this.#snippets.find((each) => each.name === name);
    write(this.#dialog, { note, code });
  }
}
