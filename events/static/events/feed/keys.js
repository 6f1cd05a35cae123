/** Keys of the page, and the dialog that lists them. Whoever needs single letters for something else turns them off. */
import { byId, first, slot } from "../shared/dom.js";

const OFF = "eventhub.keys.off";
const TYPED_INTO = "input, textarea, select, [contenteditable], dialog[open] *";
/** @type {Map<string, number>} */
const STEPS = new Map([
  ["ArrowDown", 1],
  ["ArrowUp", -1],
  ["PageDown", 10],
  ["PageUp", -10],
  ["Home", -Infinity],
  ["End", Infinity],
]);
const PRESSED_BY_SPACE = "button, a, summary, [role=button], [tabindex]";

/** @typedef {{ search: () => void, pause?: () => void, step: (by: number) => void, open: () => void }} Acts */

/**
 * Lets the feed be used by keys; one that has nothing to pause, without that.
 * @param {HTMLElement} feed
 * @param {() => void} [pause]
 */
export function listenToKeys(feed, pause) {
  const list = slot(feed, "list");
  const keys = new Keys(byId("keys", HTMLDialogElement), {
    search: () => slot(feed, "search").focus(),
    pause,
    step: (by) => stepRows(list, by),
    open: () => openRow(list),
  });
  byId("show-keys").addEventListener("click", () => keys.show());
}

class Keys {
  #dialog;
  #acts;

  constructor(/** @type {HTMLDialogElement} */ dialog, /** @type {Acts} */ acts) {
    this.#dialog = dialog;
    this.#acts = acts;
    const on = first(dialog, "input", HTMLInputElement);
    on.checked = !isOff();
    on.addEventListener("change", () => turn(on.checked));
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  show() {
    this.#dialog.showModal();
  }

  #pressed(/** @type {KeyboardEvent} */ event) {
    const target = /** @type {Element} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.closest(TYPED_INTO) || isOff()) return;
    const { search, pause, step, open } = this.#acts;
    /** @type {Record<string, () => void>} */
    const acts = {
      "/": search,
      j: () => step(1),
      k: () => step(-1),
      e: open,
      "?": () => this.show(),
      ...(pause && !target.closest(PRESSED_BY_SPACE) ? { " ": pause } : {}),
    };
    if (!Object.hasOwn(acts, event.key)) return;
    event.preventDefault();
    acts[event.key]();
  }
}

function isOff() {
  try {
    return localStorage.getItem(OFF) !== null;
  } catch {
    return false; // storage is switched off
  }
}

function turn(/** @type {boolean} */ isOn) {
  try {
    if (isOn) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  } catch {
    return; // it then stays as it is
  }
}

/** Moves the focus by rows; from anywhere else to the newest. */
function stepRows(/** @type {HTMLElement} */ list, /** @type {number} */ by) {
  const rows = linesOf(list);
  const at = rows.findIndex((row) => row.closest("article")?.contains(document.activeElement));
  const next = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))];
  if (next) goTo(list, next);
}

/** Goes to the row that a key leads to; returns whether it leads to one. */
export function stepByKey(/** @type {HTMLElement} */ list, /** @type {KeyboardEvent} */ event) {
  const lines = linesOf(list);
  const at = lines.indexOf(/** @type {HTMLElement} */ (event.target));
  const step = STEPS.get(event.key);
  if (at < 0 || step === undefined) return false;
  event.preventDefault();
  goTo(list, lines[Math.max(0, Math.min(lines.length - 1, at + step))]);
  return true;
}

/** The lines of the rows that are not folded away. */
function linesOf(/** @type {HTMLElement} */ list) {
  /** @type {NodeListOf<HTMLElement>} */
  const lines = list.querySelectorAll("article:not([hidden]) summary");
  return [...lines];
}

/** Gives a row's line the focus; if the details of another row are open, its own take their place. */
function goTo(/** @type {HTMLElement} */ list, /** @type {HTMLElement} */ line) {
  const open = list.querySelector("details[open]");
  line.focus();
  if (open && line.parentElement !== open) {
    open.removeAttribute("open");
    line.parentElement?.setAttribute("open", "");
  }
}

/** Opens or closes the event that has the focus, else the newest. */
function openRow(/** @type {HTMLElement} */ list) {
  const row = document.activeElement?.closest("article") ?? list.querySelector("article.row:not([hidden])");
  if (!row || !list.contains(row)) return;
  const details = first(row, "details", HTMLDetailsElement);
  details.open = !details.open;
  slot(row, "summary").closest("summary")?.focus();
}
