/** How far a client has come in the log: where it can resume, which events it has had, which replays it waits for. */
export const ALL = null; // names the replay of a whole connection; that of a subscription has its id

/** @typedef {string | null} ReplayOf the id of a subscription, or ALL */

const REMEMBERED_IDS = 20_000; // of events; a replay of 10,000 that broke off is sent again

export class Progress {
  /** @type {Set<ReplayOf>} */
  #replays = new Set();
  /** @type {Set<string>} */
  #seen = new Set();
  #doubled = 0; // events of the present replay that had come before

  constructor(/** @type {string | null} */ position) {
    this.position = position;
  }

  /** The position stays what it is until this replay has ended: its events come from further back. */
  begin(/** @type {ReplayOf} */ replay) {
    this.#replays.add(replay);
  }

  end(/** @type {ReplayOf} */ replay) {
    this.#replays.delete(replay);
  }

  /** Every replay has broken off. */
  breakOff() {
    this.#replays.clear();
    this.#doubled = 0;
  }

  reach(/** @type {string | undefined} */ position) {
    if (position !== undefined && this.#replays.size === 0) this.position = position;
  }

  /** Whether an event of this id, undefined for an ephemeral one, has not come before. */
  isNew(/** @type {string | undefined} */ id) {
    if (id === undefined) return true;
    if (this.#seen.has(id)) {
      if (this.#replays.size) this.#doubled += 1;
      return false;
    }
    this.#seen.add(id);
    const [oldest] = this.#seen;
    if (this.#seen.size > REMEMBERED_IDS) this.#seen.delete(oldest);
    return true;
  }

  /** How many of the events that a replay has sent were new. */
  newOf(/** @type {number} */ sent) {
    const doubled = this.#doubled;
    this.#doubled = 0;
    return sent - doubled;
  }
}
