/** The builder's place: open in the page for whoever has no view yet, afterwards a drawer that a button opens. */
import { byId, slot } from "../shared/dom.js";

export class Drawer {
  openings = 0; // how often it was opened

  #root;
  #button = byId("new");
  #isOpen;
  #hasViews = false;

  /** `isOpen`: also where there are views, because something is chosen in it. */
  constructor(/** @type {HTMLElement} */ root, /** @type {boolean} */ isOpen) {
    this.#root = root;
    this.#isOpen = isOpen;
    this.#button.addEventListener("click", () => {
      this.open();
      slot(root, "title").focus();
    });
    slot(root, "close").addEventListener("click", () => this.close());
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && this.#hasViews) this.close();
    });
  }

  update(/** @type {boolean} */ hasViews) {
    this.#hasViews = hasViews;
    this.#show();
  }

  open() {
    this.openings += 1;
    this.#isOpen = true;
    this.#show();
  }

  close() {
    const hadFocus = this.#root.contains(document.activeElement);
    this.#isOpen = false;
    this.#show();
    if (hadFocus && this.#root.hidden) this.#button.focus();
  }

  #show() {
    this.#root.hidden = this.#hasViews && !this.#isOpen;
    this.#root.classList.toggle("drawer", this.#hasViews);
    this.#button.hidden = !this.#hasViews || this.#isOpen;
    slot(this.#root, "close").hidden = !this.#hasViews;
    document.body.toggleAttribute("data-views", this.#hasViews);
  }
}
