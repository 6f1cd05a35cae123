/**
 * The newest `capacity` items; older ones are discarded, and counted. Each has a number: the first is 1, and the newest
 * is `added`.
 * @template T
 */
export class Buffer {
  added = 0;
  discarded = 0;

  #capacity;
  /** @type {T[]} */
  #items = [];
  #oldest = 0; // index in #items, which is written round once it is full

  constructor(/** @type {number} */ capacity) {
    this.#capacity = capacity;
  }

  get length() {
    return this.#items.length;
  }

  /** The number of the oldest that is kept; one above `added` when none is. */
  get first() {
    return this.added - this.length + 1;
  }

  /** Returns the item that gave way, if one did. */
  add(/** @type {T} */ item) {
    this.added += 1;
    if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      return undefined;
    }
    const gone = this.#items[this.#oldest];
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
    this.discarded += 1;
    return gone;
  }

  at(/** @type {number} */ number) {
    return this.#items[(this.#oldest + number - this.first) % this.length];
  }

  /**
   * The numbers and items from one on backwards, newest first.
   * @returns {Generator<[number, T]>}
   */
  *backwards(from = this.added) {
    for (let number = Math.min(from, this.added); number >= this.first; number -= 1) yield [number, this.at(number)];
  }

  /** Forgets all but those after a number; what is cleared on purpose does not count as discarded. */
  clear(upTo = this.added) {
    this.#items = [...this.backwards()]
      .filter(([number]) => number > upTo)
      .map(([, item]) => item)
      .reverse();
    this.#oldest = 0;
    this.discarded = 0;
  }
}
