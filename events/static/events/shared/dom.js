/** The page's markup is written once, in Django templates; modules clone it, fill it in, and keep it in step. */
import { report } from "../client/failures.js";

/** @import { Piece, Words } from "../values/legible.js" */

/**
 * Returns a copy of what is in the template.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} templateId
 * @param {new () => Kind} [kind] the class that it has
 */
export function clone(templateId, kind) {
  const { content } = byId(templateId, HTMLTemplateElement);
  return of(kind, content.firstElementChild?.cloneNode(true), `first in ${templateId}`);
}

/**
 * Returns the element of that name in an element.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {ParentNode} element
 * @param {string} name
 * @param {new () => Kind} [kind] the class that it has
 */
export function slot(element, name, kind) {
  return of(kind, element.querySelector(`[data-slot="${name}"]`), `slot ${name}`);
}

/**
 * Returns the element of this id.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @param {new () => Kind} [kind] the class that it has
 */
export function byId(id, kind) {
  return of(kind, document.getElementById(id), `#${id}`);
}

/**
 * Returns the first element that a selector finds.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {ParentNode} element
 * @param {string} selector
 * @param {new () => Kind} [kind] the class that it has
 */
export function first(element, selector, kind) {
  return of(kind, element.querySelector(selector), selector);
}

/**
 * @template {HTMLElement} Kind
 * @param {(new () => Kind) | undefined} kind
 * @param {Node | null | undefined} found
 * @param {string} what
 * @returns {Kind}
 */
function of(kind, found, what) {
  const Expected = kind ?? HTMLElement;
  if (!(found instanceof Expected)) throw new TypeError(`The page's markup has no ${Expected.name} that is ${what}.`);
  return /** @type {Kind} */ (found);
}

export function childrenOf(/** @type {HTMLElement} */ element) {
  return /** @type {HTMLElement[]} */ ([...element.children]); // the page has no others, such as SVG
}

/** Sets the text of slots; text only, so that nothing in an event can become markup. */
export function write(/** @type {HTMLElement} */ element, /** @type {Record<string, Words>} */ texts) {
  for (const [name, words] of Object.entries(texts)) say(slot(element, name), words);
}

/** Sets an element's text, if it is another one. `words`: a string of the page's own, what `outside` gives, or a list. */
export function say(/** @type {HTMLElement} */ element, /** @type {Words} */ words) {
  const parts = [words].flat();
  const text = parts.map((part) => (typeof part === "string" ? part : part.outside)).join("");
  if (element.textContent === text) return;
  if (parts.every((part) => typeof part === "string")) element.textContent = text;
  else element.replaceChildren(...parts.map(node));
}

/** Words with others between each two of them. */
export function joined(/** @type {Words[]} */ parts, /** @type {Words} */ between) {
  return parts.flatMap((part, place) => (place ? [between, part] : [part])).flat();
}

function node(/** @type {Piece} */ part) {
  if (typeof part === "string") return part;
  const apart = document.createElement("bdi");
  apart.textContent = part.outside;
  return apart;
}

/**
 * @template Shown, Child
 * @typedef {object} How
 * @property {(item: Shown) => string} key
 * @property {(item: Shown) => Child} create
 * @property {(child: Child, item: Shown) => void} update
 */

/**
 * Makes the children of `container` those of `items`, in that order. A child whose key stays is kept, and is moved only
 * when it must be, so that focus, ticks and half-typed text survive. One that cannot be shown says so, and the others
 * are shown all the same.
 * @template Shown
 * @template {HTMLElement} [Child=HTMLElement]
 * @param {HTMLElement} container
 * @param {Shown[]} items
 * @param {How<Shown, Child>} how
 */
export function keyed(container, items, { key, create, update }) {
  const wanted = new Set(items.map(key));
  /** @type {Map<string, Child>} */
  const present = new Map();
  for (const child of childrenOf(container)) {
    const { key: of = "" } = child.dataset;
    if (wanted.has(of)) present.set(of, /** @type {Child} */ (child));
    else child.remove();
  }
  let place = container.firstElementChild;
  for (const item of items) {
    const child = shown(present.get(key(item)), item, { key, create, update });
    child.dataset.key = key(item);
    if (child === place) place = place.nextElementSibling;
    else container.insertBefore(child, place);
  }
}

/**
 * @template Shown
 * @template {HTMLElement} Child
 * @param {Child | undefined} present
 * @param {Shown} item
 * @param {How<Shown, Child>} how
 * @returns {HTMLElement}
 */
function shown(present, item, { create, update }) {
  let child = present;
  try {
    child ??= create(item);
    update(child, item);
    delete child.dataset.broken;
    return child;
  } catch (error) {
    report(error);
    const broken = child ?? document.createElement("div");
    broken.dataset.broken = "This cannot be shown.";
    return broken;
  }
}
