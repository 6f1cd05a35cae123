/** The newest `capacity` items; older ones are discarded, and counted. */
export class Buffer {
  discarded = 0;

  #capacity;
  #items = [];
  #oldest = 0; // index in #items, which is written round once it is full

  constructor(capacity) {
    this.#capacity = capacity;
  }

  get length() {
    return this.#items.length;
  }

  add(item) {
    if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
    this.discarded += 1;
  }

  /** Up to `size` items, newest first, leaving out the `skip` newest. */
  newest(size, skip = 0) {
    const last = Math.min(skip + size, this.length);
    const found = [];
    for (let back = skip; back < last; back += 1) {
      found.push(this.#items[(this.#oldest + this.length - 1 - back) % this.length]);
    }
    return found;
  }

  /** Forgets all but the newest `kept`; what is cleared on purpose does not count as discarded. */
  clear(kept = 0) {
    this.#items = this.newest(kept).reverse();
    this.#oldest = 0;
    this.discarded = 0;
  }
}
