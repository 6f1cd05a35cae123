/** What tells a person how things are, round one client: connection, chart, title, notices, and what is spoken. */
import { byId } from "../shared/dom.js";
import { summaryLine } from "../values/summary.js";
import { Announcer } from "./announcer.js";
import { Notices } from "./notices.js";
import { Overview } from "../overview/overview.js";
import { Presence } from "./presence.js";
import { Unread } from "./unread.js";

/** @import { EventClient } from "../client/client.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Range } from "../overview/overview.js" */
/** @import { Received } from "../values/received.js" */

export class Status {
  notices = new Notices(byId("notices"));

  #unread = new Unread();
  #presence;

  constructor(
    /** @type {EventClient} */ client,
    /** @type {{ catalog: () => Catalog, onTime: (range: Range) => void }} */ { catalog, onTime },
  ) {
    this.announcer = new Announcer(byId("announcer"), (event) => summaryLine(catalog().type(event.type), event));
    this.overview = new Overview({ catalog, onChosen: onTime });
    this.#presence = new Presence({
      line: byId("presence"),
      bar: byId("connection-bar"),
      onRetry: () => client.connect(),
    });
    client.on("state", (change) => this.#presence.changed(change));
  }

  /** Whoever wants to know of each event. */
  get listeners() {
    return [
      () => this.#presence.eventArrived(),
      () => this.#unread.eventArrived(),
      (/** @type {Received} */ event) => this.overview.add(event),
    ];
  }

  /** Whether the page manages to show what comes. */
  drawn(/** @type {boolean} */ isDrawn) {
    this.#presence.drawn(isDrawn);
  }
}
