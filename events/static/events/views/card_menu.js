/** What a card has behind “More”: name, colour, with whom it is shared, and what is done less often. */
import { copyOnClick } from "../shared/clipboard.js";
import { clone, first, keyed, slot, write } from "../shared/dom.js";
import { SITE } from "../shared/site.js";
import { outside } from "../values/legible.js";
import { COLOURS } from "./entry.js";

/** @import { Entry, View } from "./entry.js" */
/** @import { Group } from "./my_views.js" */

/** @typedef {(entry: Entry) => void} Act */

/**
 * @typedef {object} MenuCallbacks
 * @property {Act} onPause
 * @property {Act} onMute
 * @property {Act} onDuplicate
 * @property {Act} onCode
 * @property {Act} onTry
 * @property {Act} onWhy
 * @property {(entry: Entry, alert: string, isOn: boolean) => void} onAlert one was just chosen, or given up
 * @property {(entry: Entry, changes: Partial<View>) => void} onChange
 */

export class CardMenu {
  #root;
  #name;
  #group;

  constructor(
    /** @type {HTMLDetailsElement} */ root,
    /** @type {Entry} */ entry,
    /** @type {MenuCallbacks} */ callbacks,
  ) {
    this.#root = root;
    this.#name = slot(root, "name", HTMLInputElement);
    this.#group = slot(root, "group", HTMLSelectElement);
    const { onPause, onMute, onDuplicate, onCode, onTry, onWhy, onChange } = callbacks;
    const acts = { pause: onPause, mute: onMute, duplicate: onDuplicate, code: onCode, test: onTry, why: onWhy };
    for (const [name, act] of Object.entries(acts)) slot(root, name).addEventListener("click", () => act(entry));
    copyOnClick(slot(root, "link"), () => `${SITE}/events?view=${entry.view?.id}`);
    this.#name.addEventListener("change", () => onChange(entry, { name: this.#name.value.trim() }));
    this.#group.addEventListener("change", () => onChange(entry, { shared_with: Number(this.#group.value) || null }));
    const colours = slot(root, "colours");
    colours.addEventListener("change", ({ target }) =>
      onChange(entry, { colour: /** @type {HTMLInputElement} */ (target).value }),
    );
    slot(root, "alerts").addEventListener("change", ({ target }) => {
      const { value, checked } = /** @type {HTMLInputElement} */ (target);
      callbacks.onAlert(entry, value, checked);
    });
    root.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === this.#name) this.#name.blur();
      if (event.key !== "Escape" || !root.open) return;
      root.open = false;
      first(root, "summary").focus();
    });
  }

  update(/** @type {Entry} */ entry, /** @type {string} */ names, /** @type {Group[]} */ groups) {
    const isOwn = entry.view !== null && !entry.isShared;
    first(this.#root, "summary").setAttribute("aria-label", `More of ${names}`);
    slot(this.#root, "own").hidden = !isOwn;
    for (const name of ["pause", "mute"]) slot(this.#root, name).hidden = !isOwn;
    for (const name of ["duplicate", "link"]) slot(this.#root, name).hidden = entry.view === null;
    write(this.#root, { pause: entry.isPaused ? "Resume" : "Pause", mute: entry.isMuted ? "Unmute" : "Mute" });
    slot(this.#root, "code").setAttribute("aria-label", `Code for the subscription to ${names}`);
    slot(this.#root, "why").setAttribute("aria-label", `Why not? Newest events of ${names}`);
    if (document.activeElement !== this.#name) this.#name.value = entry.view?.name ?? "";
    /** @type {NodeListOf<HTMLInputElement>} */
    const alerts = slot(this.#root, "alerts").querySelectorAll("input");
    for (const input of alerts) input.checked = entry.alerts.includes(input.value);
    this.#showColours(entry);
    this.#showGroups(entry, groups);
  }

  #showColours(/** @type {Entry} */ entry) {
    keyed(slot(this.#root, "colours"), COLOURS, {
      key: (colour) => colour,
      create: () => clone("colour-template"),
      update: (label, colour) => {
        const input = first(label, "input", HTMLInputElement);
        label.dataset.colour = colour;
        input.name = `colour-${entry.view?.id}`;
        input.value = colour;
        input.checked = colour === entry.colour;
        input.setAttribute("aria-label", colour);
        label.title = colour;
      },
    });
  }

  #showGroups(/** @type {Entry} */ entry, /** @type {Group[]} */ groups) {
    const chosen = entry.view?.shared_with ?? null;
    // A group that one has left meanwhile can only be taken away.
    const left = chosen !== null && !groups.some(({ id }) => id === chosen) ? [{ id: chosen, name: "a group" }] : [];
    const all = [{ id: 0, name: "nobody" }, ...groups, ...left];
    slot(this.#root, "sharing").hidden = all.length === 1;
    keyed(this.#group, all, {
      key: ({ id }) => String(id),
      create: () => document.createElement("option"),
      update: (option, { id, name }) => {
        option.value = String(id);
        option.textContent = outside(name).outside;
      },
    });
    if (document.activeElement !== this.#group) this.#group.value = String(chosen ?? 0);
  }
}
