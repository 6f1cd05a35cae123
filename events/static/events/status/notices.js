/** What a person should know but did not ask for, such as a subscription that the server ended. */
import { clone, slot, write } from "../shared/dom.js";

const MOST = 5; // older ones give way

export class Notices {
  #list;

  constructor(/** @type {HTMLElement} */ list) {
    this.#list = list;
  }

  add(/** @type {string} */ text) {
    const notice = clone("notice-template");
    write(notice, { text });
    slot(notice, "dismiss").addEventListener("click", () => notice.remove());
    this.#list.append(notice);
    while (this.#list.childElementCount > MOST) this.#list.firstElementChild?.remove();
  }
}
