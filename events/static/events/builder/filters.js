/** One control for each filter that the ticked types offer. */
import { ApiProblem } from "../shared/api.js";
import { childrenOf, clone, first, joined, keyed, slot, write } from "../shared/dom.js";
import { isolated, outside } from "../values/legible.js";
import { OPERATORS } from "../values/operators.js";
import { ownMember } from "../values/own_member.js";
import { valuesSeen } from "../status/seen.js";

/** @import { Limits } from "../client/protocol.js" */
/** @import { Filter } from "../shared/catalog.js" */
/** @import { Places } from "../shared/page_data.js" */
/** @import { Words } from "../values/legible.js" */

/** @typedef {(values: string[]) => void} OnChange */
/** @typedef {Choice | Entry} Control */

export const MOST_OFFERED = 4; // before a type is ticked: a glance, and the button stays near
const ROOM_FOR_NAMES = 30; // characters of a button
const SEARCH_FROM = 8; // options; fewer are seen at a glance

/**
 * Returns a control, which keeps what the user is doing with it (open, searched, half typed) while its filter is updated.
 * @returns {Control}
 */
export function control(
  /** @type {Filter} */ filter,
  /** @type {OnChange} */ onChange,
  /** @type {Places} */ places,
  /** @type {Partial<Limits>} */ limits,
) {
  const isChoice = filter.type === "multiselect" || filter.type === "select";
  return isChoice ? new Choice(filter, onChange, places, limits) : new Entry(filter, onChange);
}

/** A button such as “MCP servers: 2 of 37” that opens a searchable list of checkboxes, or of radio buttons. */
class Choice {
  element = clone("choice-template", HTMLDetailsElement);

  #many;
  #mostTypes; // of a question to the log
  #name;
  #onChange;
  #places;
  /** @type {[Filter, string[], Words] | undefined} */
  #shown; // what `update` was last given
  /** @type {string[]} */
  #chosen = [];
  /** @type {string[]} */
  #seen = []; // offered while there are no options

  constructor(
    /** @type {Filter} */ { name, type, operator },
    /** @type {OnChange} */ onChange,
    /** @type {Places} */ places,
    /** @type {Partial<Limits>} */ limits,
  ) {
    this.#mostTypes = limits.event_types_per_subscription;
    this.#places = places;
    this.#many = type === "multiselect" || operator === "in";
    this.#name = name;
    this.#onChange = onChange;
    slot(this.element, "search").addEventListener("input", () => this.#search());
    slot(this.element, "options").addEventListener("change", () => this.#report(this.#ticked()));
    slot(this.element, "all").addEventListener("click", () => this.#report([...this.#chosen, ...this.#visible()]));
    slot(this.element, "none").addEventListener("click", () => this.#report([]));
    slot(this.element, "all").hidden = !this.#many;
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
    this.element.addEventListener("toggle", () => this.element.open && this.#lookForSeen());
  }

  update(/** @type {Filter} */ filter, /** @type {string[]} */ chosen, /** @type {Words} */ hint) {
    this.#shown = [filter, chosen, hint];
    this.#chosen = chosen;
    const seen = filter.options.length ? [] : this.#seen;
    // A value from a shared link, or of a server that is gone, stays visible so that it can be unticked.
    const options = [...new Set([...filter.options, ...chosen, ...seen])];
    this.#showEmpty(filter, seen);
    write(this.element, {
      label: [outside(filter.label), ": "],
      value: shown(filter, chosen, options.length),
      hint,
      help: outside(filter.help_text ?? ""),
    });
    slot(this.element, "hint").title = slot(this.element, "hint").textContent ?? "";
    slot(this.element, "help").hidden = !filter.help_text;
    slot(this.element, "actions").hidden = options.length === 0;
    slot(this.element, "search").hidden = options.length < SEARCH_FROM;
    slot(this.element, "search").setAttribute("aria-label", `Search ${isolated(filter.label)}`);
    first(this.element, "fieldset").setAttribute("aria-label", isolated(filter.label));
    keyed(slot(this.element, "options"), options, {
      key: (option) => option,
      create: () => clone("option-template"),
      update: (row, option) => this.#showOption(row, option, filter.labels.get(option) ?? option),
    });
    this.#search();
  }

  #showEmpty(/** @type {Filter} */ { options, live, source }, /** @type {string[]} */ seen) {
    const place = ownMember(this.#places, source);
    slot(this.element, "empty").hidden = options.length > 0;
    slot(this.element, "add").hidden = options.length > 0 || !place;
    if (place) slot(this.element, "add", HTMLAnchorElement).href = place;
    const none = seen.length
      ? "None yet. These were in recent events:"
      : "None yet: they appear here as they are added.";
    write(this.element, { empty: live ? none : "This filter has no options." });
  }

  async #lookForSeen() {
    if (!this.#shown) return;
    const [filter] = this.#shown;
    if (!filter.live || filter.options.length) return;
    try {
      this.#seen = await valuesSeen(filter, this.#mostTypes);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      return; // an offer, no promise
    }
    this.update(...this.#shown);
  }

  #showOption(/** @type {HTMLElement} */ row, /** @type {string} */ option, /** @type {string} */ label) {
    const input = first(row, "input", HTMLInputElement);
    input.type = this.#many ? "checkbox" : "radio";
    input.name = `filter.${this.#name}`;
    input.value = option;
    input.checked = this.#chosen.includes(option);
    write(row, { label: outside(label) });
  }

  #ticked() {
    /** @type {NodeListOf<HTMLInputElement>} */
    const inputs = this.element.querySelectorAll("input:checked");
    return [...inputs].map((input) => input.value);
  }

  #visible() {
    const rows = childrenOf(slot(this.element, "options"));
    return rows.filter((row) => !row.hidden).map((row) => row.dataset.key ?? "");
  }

  #report(/** @type {string[]} */ values) {
    this.#onChange([...new Set(values)]);
  }

  #search() {
    const search = slot(this.element, "search", HTMLInputElement);
    const sought = search.hidden ? "" : search.value.trim().toLowerCase();
    for (const row of childrenOf(slot(this.element, "options"))) {
      row.hidden = !row.textContent?.toLowerCase().includes(sought);
    }
  }

  #pressed(/** @type {KeyboardEvent} */ event) {
    if (event.key === "Escape" && this.element.open) {
      this.element.open = false;
      first(this.element, "summary").focus();
    }
    // Enter in the search box means that search, not “Subscribe”.
    if (event.key === "Enter" && /** @type {HTMLInputElement} */ (event.target).type === "search")
      event.preventDefault();
  }
}

function shown(/** @type {Filter} */ { labels }, /** @type {string[]} */ chosen, /** @type {number} */ options) {
  if (!chosen.length) return "any";
  const names = chosen.map((each) => labels.get(each) ?? each);
  const isShort = names.reduce((sum, name) => sum + name.length + 2, 0) <= ROOM_FOR_NAMES;
  return chosen.length === 1 || isShort ? joined(names.map(outside), ", ") : `${chosen.length} of ${options}`;
}

function isSomething(/** @type {Words} */ words) {
  return Array.isArray(words) ? words.length > 0 : words !== "";
}

/** Free text or a number. */
class Entry {
  element = clone("entry-template");

  #input = first(this.element, "input", HTMLInputElement);

  constructor(/** @type {Filter} */ { name, type }, /** @type {OnChange} */ onChange) {
    const isNumber = type === "number";
    this.#input.type = isNumber ? "number" : "text";
    this.#input.name = `filter.${name}`;
    if (isNumber) this.#input.step = "any";
    this.#input.addEventListener("input", () => {
      const text = this.#input.value.trim();
      onChange(text ? [text] : []);
    });
  }

  update(/** @type {Filter} */ filter, /** @type {string[]} */ chosen, /** @type {Words} */ hint) {
    const value = chosen[0] ?? "";
    if (this.#input.value.trim() !== value) this.#input.value = value;
    write(this.element, {
      label: outside(filter.label),
      hint: joined(
        [filter.help_text ? "" : (OPERATORS.get(filter.operator)?.hint ?? ""), hint].filter(isSomething),
        " · ",
      ),
      help: outside(filter.help_text ?? ""),
    });
    slot(this.element, "help").hidden = !filter.help_text;
  }
}
