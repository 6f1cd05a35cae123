/** The page's markup is written once, in Django templates; modules clone it, fill it in, and keep it in step. */

export function clone(templateId) {
  return document.getElementById(templateId).content.firstElementChild.cloneNode(true);
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
  for (const [name, text] of Object.entries(texts)) say(slot(element, name), text);
}

/** Sets an element's text, if it is another one. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `container` those of `items`, in that order. A child whose key stays is kept, and is moved only
 * when it must be, so that focus, ticks and half-typed text survive.
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
    const child = present.get(key(item)) ?? create(item);
    child.dataset.key = key(item);
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else container.insertBefore(child, place);
  }
}
