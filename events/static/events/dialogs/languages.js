/** A piece of code in several languages, of which one is shown and can be copied. */
import { copyOnClick } from "../shared/clipboard.js";
import { clone, first, keyed, slot, write } from "../shared/dom.js";

/** @import { Snippet } from "../shared/snippets.js" */

let groups = 0; // of radio buttons, on one page

export class Languages {
  #root;
  #group = `language-${groups++}`;
  /** @type {Snippet[]} */
  #snippets = [];
  #chosen = "";

  constructor(/** @type {HTMLElement} */ root, first = "") {
    this.#root = root;
    this.#chosen = first;
    slot(root, "languages").addEventListener("change", ({ target }) => {
      this.#choose(/** @type {HTMLInputElement} */ (target).value);
    });
    copyOnClick(slot(root, "copy"), () => slot(root, "code").textContent ?? "");
  }

  show(/** @type {Snippet[]} */ snippets) {
    this.#snippets = snippets;
    if (!snippets.some(({ name }) => name === this.#chosen)) this.#chosen = snippets[0].name;
    keyed(slot(this.#root, "languages"), snippets, {
      key: ({ name }) => name,
      create: () => clone("language-template"),
      update: (row, { name }) => {
        const input = first(row, "input", HTMLInputElement);
        input.name = this.#group;
        input.value = name;
        input.checked = name === this.#chosen;
        write(row, { name });
      },
    });
    this.#choose(this.#chosen);
  }

  #choose(/** @type {string} */ name) {
    this.#chosen = name;
    const snippet = this.#snippets.find((each) => each.name === name);
    if (snippet) write(this.#root, { note: snippet.note, code: snippet.code });
  }
}
