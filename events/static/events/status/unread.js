/** How many events have come while nobody looked at the page, before its title. */

const MOST = 999;

export class Unread {
  #document;
  #title;
  #number = 0;

  /** @param {EventTarget & { title: string, hidden: boolean }} of */
  constructor(of = document) {
    this.#document = of;
    this.#title = of.title;
    of.addEventListener("visibilitychange", () => this.#looked());
  }

  eventArrived() {
    if (!this.#document.hidden) return;
    this.#number += 1;
    if (this.#number <= MOST + 1) this.#document.title = `(${shown(this.#number)}) ${this.#title}`;
  }

  #looked() {
    if (this.#document.hidden || !this.#number) return;
    this.#number = 0;
    this.#document.title = this.#title;
  }
}

function shown(/** @type {number} */ number) {
  return number > MOST ? `${MOST}+` : String(number);
}
