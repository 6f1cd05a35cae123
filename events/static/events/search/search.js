/** Search or jump, from every page: the link in the head and ⌘K or Ctrl-K open it. Without this, the link is a page. */
import { byId } from "../shared/dom.js";

/** @typedef {{ kind: string, label: string, hint: string, address: string }} Found */

const WAIT = 120; // ms after a key, before the server is asked

class Search {
  #dialog = byId("jump-to", HTMLDialogElement);
  #input = byId("jump-input", HTMLInputElement);
  #list = byId("jump-found");
  #status = byId("jump-status");
  #chosen = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #form = /** @type {HTMLFormElement} */ (this.#input.form);
  #asked = 0; // how often; an answer that comes late is dropped

  constructor() {
    this.#input.addEventListener("input", () => this.#askSoon());
    this.#input.addEventListener("keydown", (key) => this.#pressed(key));
    this.#form.addEventListener("submit", (submit) => {
      const link = this.#options[this.#chosen];
      if (!link) return; // the page of the search tells more
      submit.preventDefault();
      location.assign(link.href);
    });
    this.#dialog.addEventListener("click", ({ target }) => target === this.#dialog && this.#dialog.close());
  }

  toggle() {
    if (this.#dialog.open) {
      this.#dialog.close();
      return;
    }
    this.#dialog.showModal();
    this.#input.select();
    this.#ask();
  }

  get #options() {
    return /** @type {HTMLAnchorElement[]} */ ([...this.#list.children]);
  }

  #askSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), WAIT);
  }

  async #ask() {
    const turn = ++this.#asked;
    const query = new URLSearchParams({ q: this.#input.value });
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(`${this.#form.action}?${query}`, { headers, redirect: "manual" });
      if (answer.type === "opaqueredirect") location.reload(); // signed out: one is asked to sign in
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      /** @type {{ found: Found[] }} */
      const { found } = await answer.json();
      if (turn === this.#asked) this.#show(found);
    } catch {
      if (turn === this.#asked) this.#status.textContent = "The server does not answer.";
    }
  }

  #show(/** @type {Found[]} */ found) {
    this.#list.replaceChildren(...found.map(option));
    this.#input.setAttribute("aria-expanded", String(found.length > 0));
    this.#status.textContent = found.length
      ? `${found.length} found`
      : "There is nothing of that, or you may not see it.";
    this.#choose(0);
  }

  #choose(/** @type {number} */ place) {
    const options = this.#options;
    this.#chosen = options.length ? (place + options.length) % options.length : 0;
    for (const [each, element] of options.entries())
      element.setAttribute("aria-selected", String(each === this.#chosen));
    const chosen = options[this.#chosen];
    if (chosen) this.#input.setAttribute("aria-activedescendant", chosen.id);
    else this.#input.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #pressed(/** @type {KeyboardEvent} */ key) {
    if (key.key === "Escape") {
      key.preventDefault(); // of which browsers would only empty the input
      this.#dialog.close();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
    if (!step) return;
    key.preventDefault();
    this.#choose(this.#chosen + step);
  }
}

/** Whoever chooses one by a pointer follows a link, also into another tab. */
function option(/** @type {Found} */ { kind, label, hint, address }, /** @type {number} */ place) {
  const link = element("a", "", [element("span", kind), element("strong", label), element("small", hint)]);
  link.setAttribute("href", address);
  link.id = `jump-${place}`;
  link.role = "option";
  link.tabIndex = -1;
  return link;
}

/** @returns {HTMLElement} */
function element(/** @type {string} */ name, text = "", /** @type {HTMLElement[]} */ children = []) {
  const made = document.createElement(name);
  made.append(...(text ? [text] : []), ...children);
  return made;
}

if (document.getElementById("jump-to")) {
  const search = new Search();
  byId("search-open").addEventListener("click", (click) => {
    if (click.metaKey || click.ctrlKey || click.shiftKey) return; // another tab is wanted
    click.preventDefault();
    search.toggle();
  });
  document.addEventListener("keydown", (key) => {
    if (key.key.toLowerCase() !== "k" || !(key.metaKey || key.ctrlKey) || key.altKey || key.shiftKey) return;
    key.preventDefault();
    search.toggle();
  });
}
