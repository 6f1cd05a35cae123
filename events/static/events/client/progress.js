/** How far a client has come in the log: where it can resume, which events it has had, which replays it waits for. */
export const ALL = null; // names the replay of a whole connection; that of a subscription has its id

const REMEMBERED_IDS = 20_000; // of events; a replay of 10,000 that broke off is sent again

export class Progress {
  #replays = new Set();
  #seen = new Set();
  #doubled = 0; // events of the present replay that had come before

  constructor(position) {
    this.position = position;
  }

  /** The position stays what it is until this replay has ended: its events come from further back. */
  begin(replay) {
    this.#replays.add(replay);
  }

  end(replay) {
    this.#replays.delete(replay);
  }

  /** Every replay has broken off. */
  breakOff() {
    this.#replays.clear();
    this.#doubled = 0;
  }

  reach(position) {
    if (position !== undefined && this.#replays.size === 0) this.position = position;
  }

  /** Whether an event of this id, undefined for an ephemeral one, has not come before. */
  isNew(id) {
    if (id === undefined) return true;
    if (this.#seen.has(id)) {
      if (this.#replays.size) this.#doubled += 1;
      return false;
    }
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED_IDS) this.#seen.delete(this.#seen.values().next().value);
    return true;
  }

  /** How many of the events that a replay has sent were new. */
  newOf(sent) {
    const doubled = this.#doubled;
    this.#doubled = 0;
    return sent - doubled;
  }
}
