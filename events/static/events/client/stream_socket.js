/**
 * Stands in for a WebSocket where none gets through: it speaks the same commands and messages, over an event stream. As
 * a stream has one subscription, a client can have one at a time, and must end it to change it.
 */

/** @import { Asked, ErrorMessage, Filters, Message } from "./protocol.js" */

const BROKEN = 1006; // codes of closes, as a WebSocket has them
const TRY_AGAIN = 1013;
const NOT_AUTHENTICATED = 4500;
const ACCESS_ENDED = 4503;
const QUIET_FOR = 40_000; // ms; the server writes something every 15 s
const WRONG_REQUESTS = [400, 422]; // statuses that say what is wrong with the subscription

/** @typedef {{ event_types: string[], filters: Filters, after?: string, last?: number }} Wanted */
/** @typedef {{ action: string, request_id: number, after?: string, subscriptions?: Wanted[] } & Wanted} Command */

export class StreamSocket {
  /** @type {((event: any) => any) | null} */
  onopen = null;
  /** @type {((event: any) => any) | null} */
  onmessage = null;
  /** @type {((event: any) => any) | null} */
  onclose = null;

  #url;
  /** @type {Record<string, string>} */
  #headers = {};
  /** @type {AbortController | null} */
  #stream = null;
  /** @type {string | undefined} */
  #position;
  #heardAt = Date.now();
  #hasUsedTicket = false;
  #isClosed = false;

  constructor(/** @type {string} */ address) {
    this.#url = new URL(address, globalThis.location?.href);
    this.#url.protocol = this.#url.protocol.replace("ws", "http");
    this.#url.pathname = this.#url.pathname.replace(/\/ws\/[^/]*\/?$/, "/api/v1/events/stream");
    const token = this.#url.searchParams.get("token");
    if (token !== null) this.#headers = { Authorization: `Bearer ${token}` };
    this.#url.searchParams.delete("token");
    setTimeout(() => this.#isClosed || this.onopen?.({}));
  }

  close() {
    this.#isClosed = true;
    this.#stream?.abort();
  }

  send(/** @type {string} */ text) {
    /** @type {Command} */
    const { action, request_id: requestId, subscriptions, ...asked } = JSON.parse(text);
    const wanted = subscriptions ? subscriptions.map((each) => ({ ...each, after: asked.after })) : [asked];
    if (action === "ping") this.#pong(requestId);
    else if (action === "unsubscribe") this.#unsubscribe(requestId);
    else if (action === "subscribe" || action === "resume") this.#subscribe(wanted, action === "resume", requestId);
    else this.#refuse("unknown_action", `An event stream has no “${action}”; use a WebSocket.`, requestId);
  }

  /** A server that says nothing for long is taken for dead, and the client for want of an answer connects anew. */
  #pong(/** @type {number} */ requestId) {
    if (this.#stream && Date.now() - this.#heardAt > QUIET_FOR) return;
    this.#tell({ type: "pong", position: this.#position, request_id: requestId });
  }

  #unsubscribe(/** @type {number} */ requestId) {
    this.#stream?.abort();
    this.#stream = null;
    this.#tell({ type: "unsubscribed", position: this.#position, request_id: requestId });
  }

  async #subscribe(
    /** @type {Wanted[]} */ [wanted, ...more],
    /** @type {boolean} */ isResumed,
    /** @type {number} */ requestId,
  ) {
    if (this.#stream || more.length) {
      this.#refuse("limit_exceeded", "An event stream has one subscription; use a WebSocket for more.", requestId);
      return;
    }
    if (this.#hasUsedTicket) {
      this.#end(BROKEN); // for a new one, the client connects anew
      return;
    }
    this.#hasUsedTicket = this.#url.searchParams.has("ticket");
    const stream = new AbortController();
    this.#stream = stream;
    try {
      const answer = await fetch(addressOf(this.#url, wanted), { headers: this.#headers, signal: stream.signal });
      if (!answer.ok || !answer.body) {
        await this.#refused(answer, requestId);
        return;
      }
      for await (const { name, id, data } of blocksOf(answer.body)) {
        if (stream.signal.aborted) return;
        this.#heardAt = Date.now();
        if (id) this.#position = id;
        this.#receive(name, data, isResumed, requestId);
      }
    } catch {
      // What failed is the connection; whoever has aborted it knows.
    }
    if (!stream.signal.aborted) this.#end(BROKEN);
  }

  async #refused(/** @type {Response} */ answer, /** @type {number} */ requestId) {
    const { code = "", detail = answer.statusText, details } = await answer.json().catch(() => ({}));
    if (WRONG_REQUESTS.includes(answer.status)) {
      this.#stream = null;
      this.#refuse(code, detail, requestId, details);
    } else {
      this.#end(answer.status < 429 ? NOT_AUTHENTICATED : TRY_AGAIN, detail);
    }
  }

  #receive(
    /** @type {string} */ name,
    /** @type {string} */ data,
    /** @type {boolean} */ isResumed,
    /** @type {number} */ requestId,
  ) {
    if (!data) {
      this.#tell({ type: "pong", position: this.#position });
    } else if (name === "subscribed") {
      const made = { ...JSON.parse(data), request_id: requestId };
      this.#tell(isResumed ? { ...made, type: "resumed", subscriptions: [made], subscription_id: undefined } : made);
    } else if (name === "ended") {
      const { comes_back: comesBack, message } = JSON.parse(data);
      this.#end(comesBack ? TRY_AGAIN : ACCESS_ENDED, message);
    } else if (isResumed && (name === "replayed" || name === "gap")) {
      this.#tell({ ...JSON.parse(data), subscription_id: undefined }); // that of the whole connection
    } else {
      this.onmessage?.({ data });
    }
  }

  #tell(/** @type {object} */ message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  #refuse(
    /** @type {string} */ code,
    /** @type {string} */ message,
    /** @type {number} */ requestId,
    /** @type {unknown[]} */ details = [],
  ) {
    this.#tell({ type: "error", code, message, details, request_id: requestId });
  }

  #end(/** @type {number} */ code, reason = "") {
    if (this.#isClosed) return;
    this.close();
    this.onclose?.({ code, reason });
  }
}

function addressOf(/** @type {URL} */ stream, /** @type {Wanted} */ { event_types: eventTypes, filters, after, last }) {
  const url = new URL(stream);
  for (const id of eventTypes) url.searchParams.append("event_type", id);
  for (const [name, asked] of Object.entries(filters ?? {})) {
    for (const value of [asked ?? []].flat()) url.searchParams.append(`filter.${name}`, String(value));
  }
  if (after !== undefined) url.searchParams.set("after", after);
  if (last !== undefined) url.searchParams.set("last", String(last));
  return url;
}

/** Yields {name, id, data} of each block of an event stream. */
async function* blocksOf(/** @type {ReadableStream<Uint8Array>} */ body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const blocks = (text + decoder.decode(piece.value, { stream: true })).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      /** @type {Record<string, string[]>} */
      const fields = {};
      for (const line of block.split("\n")) {
        const [, field, value] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
        if (field) fields[field] = [...(fields[field] ?? []), value];
      }
      yield { name: fields.event?.[0] ?? "", id: fields.id?.[0], data: fields.data?.join("\n") ?? "" };
    }
  }
}
