/** What the server's metadata says, arranged for asking. */
import { own } from "../values/own.js";

const EMOJI = /^\p{Extended_Pictographic}$/u; // a text font may draw it in black, unless the selector for emoji follows
const INDEX_OF = new Map(["info", "warning", "error", "critical"].map((severity, index) => [severity, index]));

export class Catalog {
  constructor(metadata) {
    this.version = metadata.version;
    this.limits = metadata.limits ?? {};
    this.categories = metadata.categories;
    this.types = new Map(metadata.categories.flatMap((category) => category.events.map((type) => [type.id, type])));
  }

  type(id) {
    return this.types.get(id);
  }

  label(id) {
    return this.types.get(id)?.label ?? id;
  }

  icon(id) {
    const icon = this.types.get(id)?.icon || "•";
    return EMOJI.test(icon) ? `${icon}\uFE0F` : icon;
  }

  field(typeId, name) {
    return this.types.get(typeId)?.filterable_fields.find((field) => field.name === name);
  }

  optionLabel(typeId, name, value) {
    return own(this.field(typeId, name)?.option_labels, value) ?? value;
  }

  /**
   * The filters that these types offer together: a name that several declare is one filter, with the options of all.
   * `labels`: Map of option and label, where they differ; `binds` lists the types that declare it; on the others it has
   * no effect.
   */
  filters(typeIds) {
    const merged = new Map();
    for (const id of typeIds) {
      for (const field of this.types.get(id)?.filterable_fields ?? []) {
        const filter = merged.get(field.name) ?? { ...field, options: [], labels: new Map(), live: false, binds: [] };
        merged.set(field.name, filter);
        filter.options = [...new Set([...filter.options, ...(field.options ?? [])])];
        filter.labels = new Map([...Object.entries(field.option_labels ?? {}), ...filter.labels]);
        filter.live ||= field.live === true;
        filter.binds.push(id);
      }
    }
    for (const filter of merged.values()) inOrderOfSeverity(filter.options);
    return [...merged.values()];
  }
}

/** Several types may declare different severities; joined, they are still read from mild to grave. */
function inOrderOfSeverity(options) {
  if (options.every((option) => INDEX_OF.has(option))) options.sort((a, b) => INDEX_OF.get(a) - INDEX_OF.get(b));
}
