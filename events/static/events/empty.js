/** What stands in an empty feed: why it is empty, and what to do about it. */
import { slot, write } from "./dom.js";
import { placeholders } from "./summary.js";

export class EmptyStates {
  #root;
  #emittable;

  /** `emittable`: ids of the types that this person may emit for a try. */
  constructor(root, { emittable, onSubscribeAll }) {
    this.#root = root;
    this.#emittable = new Set(emittable);
    slot(root, "subscribe-all").addEventListener("click", onSubscribeAll);
  }

  update({ isEmpty, subscriptions, category, catalog }) {
    const nothingSubscribed = subscriptions.length === 0;
    slot(this.#root, "unsubscribed").hidden = !isEmpty || !nothingSubscribed;
    slot(this.#root, "waiting").hidden = !isEmpty || nothingSubscribed;
    if (!isEmpty) return;
    slot(this.#root, "subscribe-all").hidden = !category;
    const labels = [...new Set(subscriptions.flatMap(({ eventTypes }) => eventTypes))].map((id) => catalog.label(id));
    const command = exampleCommand(subscriptions, catalog, this.#emittable);
    slot(this.#root, "try").hidden = !command;
    write(this.#root, {
      "subscribe-all": category ? `Subscribe to all ${category.label} events` : "",
      "waiting-for": labels.join(", "),
      command: command ?? "",
    });
  }
}

/** A command whose event the first of these subscriptions that can be tried would show; null when none can. */
export function exampleCommand(subscriptions, catalog, emittable) {
  for (const { eventTypes, filters } of subscriptions) {
    const id = eventTypes.find((type) => emittable.has(type) && catalog.type(type));
    if (id) return ["manage.py emit_event", id, ...exampleMembers(catalog.type(id), filters)].join(" ");
  }
  return null;
}

/** What the summary line shows, and what the filters ask for. */
function exampleMembers(type, filters) {
  const members = new Map(placeholders(type.summary).map((name) => [name, "example"]));
  for (const { name, data_key: key, type: kind, options } of type.filterable_fields) {
    const [asked] = [filters[name] ?? []].flat();
    if (asked !== undefined) members.set(key, asked);
    else if (members.has(key)) members.set(key, options?.[0] ?? (kind === "number" ? 1 : "example"));
  }
  return [...members].map(([key, value]) => `${key}=${quoted(String(value))}`);
}

function quoted(value) {
  return /^[\w.:@/+-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
