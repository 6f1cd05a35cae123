/** Tabs as the ARIA Authoring Practices have them; without JavaScript they are links. */
import { childrenOf, clone, keyed, slot, write } from "../shared/dom.js";
import { outside } from "../values/legible.js";
import { ownMember } from "../values/own_member.js";
import { count } from "../values/summary.js";

/** @import { Category } from "../client/protocol.js" */

const STEP = { ArrowLeft: -1, ArrowRight: 1 };

export class Tabs {
  #list;
  #onSelect;

  constructor(/** @type {HTMLElement} */ list, /** @type {{ onSelect: (id: string) => void }} */ { onSelect }) {
    this.#list = list;
    this.#onSelect = onSelect;
    list.setAttribute("role", "tablist");
    list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** `ticked(category)` is how many of a category's types are ticked. */
  update(
    /** @type {Category[]} */ categories,
    /** @type {string | undefined} */ selected,
    /** @type {(category: Category) => number} */ ticked,
  ) {
    keyed(this.#list, categories, {
      key: (category) => category.id,
      create: () => clone("tab-template", HTMLAnchorElement),
      update: (tab, category) => this.#show(tab, category, category.id === selected, ticked(category)),
    });
  }

  #show(
    /** @type {HTMLAnchorElement} */ tab,
    /** @type {Category} */ { id, label, events },
    /** @type {boolean} */ selected,
    /** @type {number} */ ticked,
  ) {
    tab.id = `tab-${id}`;
    tab.href = `?tab=${encodeURIComponent(id)}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", `panel-${id}`);
    tab.setAttribute("aria-selected", String(selected));
    tab.removeAttribute("aria-current");
    tab.tabIndex = selected ? 0 : -1;
    write(tab, { label: outside(label), number: String(events.length), ticked: ticked ? `✓${ticked}` : "" });
    slot(tab, "number").title = count(events.length, "event type");
    slot(tab, "ticked").title = ticked ? `${ticked} ticked` : "";
  }

  #clicked(/** @type {MouseEvent} */ event) {
    const tab = tabOf(event);
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#onSelect(tab.dataset.key ?? "");
  }

  #pressed(/** @type {KeyboardEvent} */ event) {
    const tabs = childrenOf(this.#list);
    const tab = tabOf(event);
    const at = tab ? tabs.indexOf(tab) : -1;
    let to;
    const step = ownMember(STEP, event.key);
    if (step) to = tabs.at((at + step) % tabs.length);
    if (event.key === "Home") to = tabs[0];
    if (event.key === "End") to = tabs.at(-1);
    if (event.key === " ") to = tabs[at];
    if (!to) return;
    event.preventDefault();
    this.#onSelect(to.dataset.key ?? "");
    to.focus();
  }
}

function tabOf(/** @type {Event} */ event) {
  /** @type {HTMLElement | null} */
  const tab = /** @type {Element} */ (event.target).closest("[role=tab]");
  return tab;
}
