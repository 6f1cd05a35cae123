/** One card: a view that the server keeps, with the subscription of this page that brings its events while it has one. */

/** @import { Asked, Filters, Subscription } from "../client/protocol.js" */

/**
 * @typedef {object} View as the server has it
 * @property {string} id
 * @property {number} version
 * @property {string} name
 * @property {string} colour
 * @property {string[]} event_types
 * @property {Filters} filters
 * @property {number} order
 * @property {boolean} paused
 * @property {boolean} muted
 * @property {string[]} alerts how it calls for attention: desktop, sound, badge
 * @property {number | null} shared_with the number of a group
 * @property {string | null} seen when its user last had the page before them
 * @property {string} [owner] of a view that somebody else shares
 */

export const COLOURS = ["teal", "blue", "violet", "pink", "red", "orange", "olive", "grey"];

export class Entry {
  /** @type {View | null} */
  view; // null while the server does not keep it yet

  /** @type {Subscription | null} */
  subscription = null; // null while it is paused, or was ended by the server

  problem = ""; // why the server ended its subscription

  #asked;

  constructor(/** @type {Asked} */ { eventTypes, filters }, /** @type {View | null} */ view = null) {
    this.#asked = { eventTypes, filters };
    this.view = view;
  }

  static of(/** @type {View} */ view) {
    return new Entry({ eventTypes: view.event_types, filters: view.filters }, view);
  }

  /** That of its subscription; null while that is not in force. */
  get id() {
    return this.subscription?.id ?? null;
  }

  /** @returns {Asked} */
  get asked() {
    if (this.subscription) return { eventTypes: this.subscription.eventTypes, filters: this.subscription.filters };
    return this.view ? { eventTypes: this.view.event_types, filters: this.view.filters } : this.#asked;
  }

  get eventTypes() {
    return this.asked.eventTypes;
  }

  get filters() {
    return this.asked.filters;
  }

  get isPaused() {
    return this.view?.paused === true;
  }

  get isMuted() {
    return this.view?.muted === true;
  }

  get alerts() {
    return this.view?.alerts ?? [];
  }

  /** Whether it is somebody else's, to be watched and not to be changed. */
  get isShared() {
    return this.view?.owner !== undefined;
  }

  get colour() {
    const colour = this.view?.colour ?? "";
    return COLOURS.includes(colour) ? colour : COLOURS[0];
  }
}
