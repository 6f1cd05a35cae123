/** Which of the rows' lines Tab comes to: one for all of them, since arrow keys go from row to row. */

export class TabStop {
  #list;
  /** @type {HTMLElement | null} */
  #line = null;

  constructor(/** @type {HTMLElement} */ list) {
    this.#list = list;
  }

  /** The line that has the focus. To search all rows for it would be a good part of what drawing costs. */
  get focused() {
    const { activeElement: active } = document;
    return active instanceof HTMLElement && active.matches("summary") && this.#list.contains(active) ? active : null;
  }

  /** Whether somebody goes through the rows by keyboard. */
  get isUsed() {
    return this.focused?.matches(":focus-visible") === true;
  }

  /** Makes it the line that has the focus, else the newest. */
  update() {
    /** @type {HTMLElement | null} */
    const line = this.focused ?? this.#list.querySelector("summary");
    if (line === this.#line) return;
    if (this.#line) this.#line.tabIndex = -1;
    if (line) line.tabIndex = 0;
    this.#line = line;
  }
}
