/** What the server's metadata says, arranged for asking. */
import { ownMember } from "../values/own_member.js";
import { inOrderOfSeverity } from "../values/severities.js";

/** @import { Field, Limits, Metadata } from "../client/protocol.js" */

/**
 * @typedef {object} Merged what several types declare under one name
 * @property {string[]} options
 * @property {Map<string, string>} labels of options, where they differ
 * @property {boolean} live
 * @property {string[]} binds the types that declare it; on the others it has no effect
 */
/** @typedef {Field & Merged} Filter */

const EMOJI = /^\p{Extended_Pictographic}$/u; // a text font may draw it in black, unless the selector for emoji follows

export class Catalog {
  constructor(/** @type {Metadata} */ metadata) {
    this.version = metadata.version;
    /** @type {Partial<Limits>} */
    this.limits = metadata.limits ?? {};
    this.categories = metadata.categories;
    this.types = new Map(metadata.categories.flatMap((category) => category.events.map((type) => [type.id, type])));
  }

  type(/** @type {string} */ id) {
    return this.types.get(id);
  }

  label(/** @type {string} */ id) {
    return this.types.get(id)?.label ?? id;
  }

  icon(/** @type {string} */ id) {
    const icon = this.types.get(id)?.icon || "•";
    return EMOJI.test(icon) ? `${icon}\uFE0F` : icon;
  }

  /** Whether events of this type may come from outside. */
  isExternal(/** @type {string} */ id) {
    return this.types.get(id)?.external === true;
  }

  field(/** @type {string} */ typeId, /** @type {string} */ name) {
    return this.types.get(typeId)?.filterable_fields.find((field) => field.name === name);
  }

  optionLabel(/** @type {string} */ typeId, /** @type {string} */ name, /** @type {string} */ value) {
    return ownMember(this.field(typeId, name)?.option_labels, value) ?? value;
  }

  /**
   * Returns the filters that these types offer together: a name that several declare is one filter, with the options of
   * all.
   */
  filters(/** @type {string[]} */ typeIds) {
    /** @type {Map<string, Filter>} */
    const merged = new Map();
    for (const id of typeIds) {
      for (const field of this.types.get(id)?.filterable_fields ?? []) {
        /** @type {Filter} */
        const filter = merged.get(field.name) ?? { ...field, options: [], labels: new Map(), live: false, binds: [] };
        merged.set(field.name, filter);
        filter.options = [...new Set([...filter.options, ...(field.options ?? [])])];
        filter.labels = new Map([...Object.entries(field.option_labels ?? {}), ...filter.labels]);
        filter.live ||= field.live === true;
        filter.binds.push(id);
      }
    }
    for (const filter of merged.values()) filter.options = inOrderOfSeverity(filter.options);
    return [...merged.values()];
  }
}
