/** What comes over the connection: each event to all parts that show or count it, and what is said of a replay. */
import { callEach } from "../client/failures.js";
import { Received } from "../values/received.js";
import { replayRemark } from "./remark.js";

/** @import { EventClient } from "../client/client.js" */
/** @import { Asked, EventMessage, Replay } from "../client/protocol.js" */
/** @import { Feed } from "../feed/feed.js" */
/** @import { Announcer } from "./announcer.js" */

/**
 * @typedef {object} Parts
 * @property {Feed} feed
 * @property {Announcer} announcer
 * @property {(asked: Asked) => string} names
 * @property {((event: Received) => void)[]} others whoever else wants to know of each event
 */

export class Arrivals {
  #parts;
  #wasLost = false; // the connection, since the page was loaded

  constructor(/** @type {EventClient} */ client, /** @type {Parts} */ parts) {
    this.#parts = parts;
    client.on("state", ({ previous }) => (this.#wasLost ||= previous === "live"));
    client.on("event", (message, text) => this.#arrived(message, text));
    client.on("replayed", (replay) => this.#replayed(replay));
  }

  #arrived(/** @type {EventMessage} */ message, /** @type {string} */ text) {
    const event = new Received(message, text);
    const { feed, announcer, others } = this.#parts;
    callEach(
      () => feed.add(event),
      () => announcer.eventArrived(event),
      ...others.map((each) => () => each(event)),
    );
  }

  #replayed(/** @type {Replay} */ replay) {
    const isNews = replay.count > 0 || !replay.complete || (replay.subscription === null && this.#wasLost);
    if (!isNews) return;
    const of = replay.subscription ? `${this.#parts.names(replay.subscription)}: ` : "";
    const remark = of + replayRemark(replay);
    this.#parts.feed.add({ remark });
    this.#parts.announcer.say(remark);
  }
}
