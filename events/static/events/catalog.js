/** What the server's metadata says, arranged for asking. */

const EMOJI = /^\p{Extended_Pictographic}$/u; // a text font may draw it in black, unless the selector for emoji follows
const INDEX_OF = { info: 0, warning: 1, error: 2, critical: 3 };

export class Catalog {
  constructor(metadata) {
    this.version = metadata.version;
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
    return this.field(typeId, name)?.option_labels?.[value] ?? String(value);
  }

  /**
   * The filters that these types offer together: a name that several declare is one filter, with the options of all.
   * `binds` lists the types that declare it; on the others it has no effect.
   */
  filters(typeIds) {
    const merged = new Map();
    for (const id of typeIds) {
      for (const field of this.types.get(id)?.filterable_fields ?? []) {
        const filter = merged.get(field.name) ?? { ...field, options: [], labels: {}, live: false, binds: [] };
        merged.set(field.name, filter);
        filter.options = [...new Set([...filter.options, ...(field.options ?? [])])];
        filter.labels = { ...field.option_labels, ...filter.labels };
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
  if (options.every((option) => option in INDEX_OF)) options.sort((a, b) => INDEX_OF[a] - INDEX_OF[b]);
}
