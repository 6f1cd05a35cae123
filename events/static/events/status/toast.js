/** What was just done, for some seconds, with a way back. */
import { slot, write } from "../shared/dom.js";

const STAYS_FOR = 12_000; // ms

export class Toast {
  #root;
  /** @type {(() => void) | null} */
  #undo = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor(/** @type {HTMLElement} */ root) {
    this.#root = root;
    slot(root, "undo").addEventListener("click", () => {
      this.#undo?.();
      this.#hide();
    });
    slot(root, "close").addEventListener("click", () => this.#hide());
  }

  show(/** @type {string} */ text, /** @type {() => void} */ undo) {
    this.#undo = undo;
    write(this.#root, { text });
    this.#root.hidden = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hideUnlessUsed(), STAYS_FOR);
  }

  /** Whoever has the focus in it, or the pointer over it, is about to press. */
  #hideUnlessUsed() {
    if (!this.#root.matches(":hover, :focus-within")) this.#hide();
    else this.#timer = setTimeout(() => this.#hideUnlessUsed(), STAYS_FOR);
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#undo = null;
    this.#root.hidden = true;
  }
}
