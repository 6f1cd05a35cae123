/** The page's markup is written once, in Django templates; modules clone it, fill it in, and keep it in step. */
import { report } from "../client/apart.js";

/** @returns {any} the element; its kind is the template's */
export function clone(templateId) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(templateId));
  return template.content.firstElementChild.cloneNode(true);
}

export function slot(element, name) {
  return element.querySelector(`[data-slot="${name}"]`);
}

/** {name: element}, for slots that stay. */
export function slots(element, names) {
  return Object.fromEntries(names.map((name) => [name, slot(element, name)]));
}

/** Sets the text of slots; text only, so that nothing in an event can become markup. */
export function write(element, texts) {
  for (const [name, words] of Object.entries(texts)) say(slot(element, name), words);
}

/** Sets an element's text, if it is another one. `words`: a string of the page's own, what `outside` gives, or a list. */
export function say(element, words) {
  const parts = [words].flat();
  const text = parts.map((part) => part.outside ?? part).join("");
  if (element.textContent === text) return;
  if (parts.every((part) => typeof part === "string")) element.textContent = text;
  else element.replaceChildren(...parts.map(node));
}

/** Words with others between each two of them. */
export function joined(parts, between) {
  return parts.flatMap((part, place) => (place ? [between, part] : [part])).flat();
}

function node(part) {
  if (typeof part === "string") return part;
  const apart = document.createElement("bdi");
  apart.textContent = part.outside;
  return apart;
}

/**
 * Makes the children of `container` those of `items`, in that order. A child whose key stays is kept, and is moved only
 * when it must be, so that focus, ticks and half-typed text survive. One that cannot be shown says so, and the others
 * are shown all the same.
 */
export function keyed(container, items, { key, create, update }) {
  const wanted = new Set(items.map(key));
  const present = new Map();
  for (const child of [...container.children]) {
    if (wanted.has(child.dataset.key)) present.set(child.dataset.key, child);
    else child.remove();
  }
  let place = container.firstElementChild;
  for (const item of items) {
    const child = shown(present.get(key(item)), item, create, update);
    child.dataset.key = key(item);
    if (child === place) place = place.nextElementSibling;
    else container.insertBefore(child, place);
  }
}

function shown(present, item, create, update) {
  let child = present;
  try {
    child ??= create(item);
    update(child, item);
    delete child.dataset.broken;
  } catch (error) {
    child ??= document.createElement("div");
    child.dataset.broken = "This cannot be shown.";
    report(error);
  }
  return child;
}
