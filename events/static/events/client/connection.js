/** One socket that comes back by itself, and the answers to the commands sent over it. */

/** @import { Change, ErrorMessage, GetToken, Message, SocketClass, State } from "./protocol.js" */

const BACK_OFF = { first: 500, cap: 30_000 }; // ms; full jitter, so that no stampede follows a restart
const PING_EVERY = 25_000; // ms; its answer keeps a quiet client's position fresh
const ANSWER_WITHIN = 10_000; // ms; past that the connection is taken for dead
const DO_NOT_RETURN = { from: 4500, to: 4999 }; // close codes
const TRIES_BEFORE_FALLBACK = 2; // that never opened
const ACCESS_ENDED = 4503; // such as by a token that has expired; another one may be good

export class ProtocolError extends Error {
  constructor(/** @type {ErrorMessage} */ { code, message, details = [] }) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
    this.details = details;
  }
}

export class ConnectionLost extends Error {
  constructor(message = "The connection was lost before the answer came.") {
    super(message);
    this.name = "ConnectionLost";
  }
}

/** The server does not want this client, or its credentials, and trying again is of no use. */
export class ConnectionRefused extends Error {
  constructor(/** @type {Pick<Change, "code" | "reason">} */ { code, reason }) {
    super(`The server refused the connection: ${reason || "see the close codes of the protocol"} (${code}).`);
    this.name = "ConnectionRefused";
    this.code = code;
    this.reason = reason;
  }
}

/**
 * @typedef {object} Options
 * @property {SocketClass} WebSocket
 * @property {SocketClass} [fallback]
 * @property {GetToken} [getToken]
 * @property {GetToken} [getTicket]
 * @property {() => number} random
 * @property {(change: Change) => void} onState
 * @property {(message: Message | "pong", text: string) => void} onMessage every message, also one that answers a request
 */

/**
 * @typedef {object} Request
 * @property {(answer: Message) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {ReturnType<typeof setTimeout>} timer
 * @property {(answer: Message) => void} onAnswer
 */

export class Connection {
  /** @type {State} */
  state = "closed";

  #url;
  #options;
  /** @type {InstanceType<SocketClass> | null} */
  #socket = null;
  #hasOpened = false;
  #hasNoWebSocket = false; // as far as one can tell
  #isAsking = false;
  #tries = 0; // by which an answer is known that comes too late
  /** @type {Map<number, Request>} */
  #requests = new Map(); // by request_id
  #nextRequest = 1;
  #attempt = 0;
  /** @type {{ [name in "deadline" | "retry" | "ping"]?: ReturnType<typeof setTimeout> }} */
  #timers = {};

  constructor(/** @type {string} */ url, /** @type {Options} */ options) {
    this.#url = url;
    this.#options = options;
  }

  /** Connects now, also when it was waiting or had been refused. */
  open() {
    const { getTicket, getToken } = this.#options;
    if (this.#socket || this.#isAsking) return;
    clearTimeout(this.#timers.retry);
    this.#become("connecting", { attempt: this.#attempt });
    this.#timers.deadline = setTimeout(() => this.#lose(), ANSWER_WITHIN);
    if (getTicket) this.#dialWith("ticket", getTicket);
    else if (getToken) this.#dialWith("token", getToken);
    else this.#dial(this.#url);
  }

  async #dialWith(/** @type {string} */ name, /** @type {GetToken} */ get) {
    const tries = ++this.#tries;
    this.#isAsking = true;
    try {
      const url = new URL(this.#url, globalThis.location?.href);
      url.searchParams.set(name, await get());
      if (tries === this.#tries) this.#dial(url.href);
    } catch (error) {
      if (tries === this.#tries) this.#lose(1006, error.message);
    }
  }

  #dial(/** @type {string} */ url) {
    this.#isAsking = false;
    const { WebSocket, fallback } = this.#options;
    this.#hasNoWebSocket ||= !WebSocket || (!this.#hasOpened && this.#attempt >= TRIES_BEFORE_FALLBACK);
    const socket = new ((this.#hasNoWebSocket && fallback) || WebSocket)(url);
    this.#socket = socket;
    const isCurrent = () => socket === this.#socket;
    socket.onopen = () => isCurrent() && this.#opened();
    socket.onmessage = ({ data }) => isCurrent() && this.#receive(JSON.parse(data), data);
    socket.onclose = ({ code, reason }) => isCurrent() && this.#lose(code, reason);
  }

  close() {
    this.#drop();
    this.#become("closed");
  }

  /**
   * Sends one command. Resolves with its answer; rejects with ProtocolError or ConnectionLost. `onAnswer` gets an answer
   * that is no error at once: several messages can arrive before code that awaits the promise goes on.
   * @returns {Promise<Message>}
   */
  request(
    /** @type {string} */ action,
    /** @type {object} */ members = {},
    /** @type {(answer: Message) => void} */ onAnswer = () => {},
  ) {
    const socket = this.#socket;
    if (this.state !== "live" || !socket) return Promise.reject(new ConnectionLost("There is no connection."));
    const requestId = this.#nextRequest++;
    socket.send(JSON.stringify({ action, request_id: requestId, ...members }));
    const timer = setTimeout(() => this.#lose(), ANSWER_WITHIN);
    return new Promise((resolve, reject) => this.#requests.set(requestId, { resolve, reject, timer, onAnswer }));
  }

  /**
   * Sends one command, and gives what the server says against it; null when it obeys, or when the connection is lost
   * before it has answered.
   */
  async refusal(
    /** @type {string} */ action,
    /** @type {object} */ members,
    /** @type {(answer: Message) => void} */ onAnswer,
  ) {
    try {
      await this.request(action, members, onAnswer);
    } catch (error) {
      if (error instanceof ProtocolError) return error;
      if (!(error instanceof ConnectionLost)) throw error;
    }
    return null;
  }

  #opened() {
    this.#hasOpened = true;
    clearTimeout(this.#timers.deadline);
    // A ping that nobody answers ends the connection by its request's own timer.
    this.#timers.ping = setInterval(() => this.request("ping").catch(() => {}), PING_EVERY);
    this.#become("live");
  }

  #receive(/** @type {Message | "pong"} */ message, /** @type {string} */ text) {
    this.#attempt = 0; // an accepted handshake may still be followed by a close, a message means that it works
    this.#options.onMessage(message, text); // first: whoever gets the answer knows the position that it has
    if (message !== "pong") this.#settle(message);
  }

  #settle(/** @type {Message} */ message) {
    const { request_id: id } = message;
    const request = id === undefined ? undefined : this.#requests.get(id);
    if (id === undefined || !request) return;
    this.#requests.delete(id);
    clearTimeout(request.timer);
    if (message.type === "error") {
      request.reject(new ProtocolError(/** @type {ErrorMessage} */ (message)));
    } else {
      request.onAnswer(message);
      request.resolve(message);
    }
  }

  #lose(code = 1006, reason = "") {
    this.#drop();
    const mayComeBack = code === ACCESS_ENDED && (this.#options.getTicket || this.#options.getToken);
    if (code >= DO_NOT_RETURN.from && code <= DO_NOT_RETURN.to && !mayComeBack) {
      this.#become("refused", { code, reason });
      return;
    }
    const delay = this.#options.random() * Math.min(BACK_OFF.cap, BACK_OFF.first * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#timers.retry = setTimeout(() => this.open(), delay);
    this.#become("waiting", { attempt: this.#attempt, delay, code, reason });
  }

  #drop() {
    const socket = this.#socket;
    this.#tries += 1;
    this.#isAsking = false;
    this.#socket = null; // not waiting for its close event, which a hanging connection gives minutes later
    clearTimeout(this.#timers.deadline);
    clearTimeout(this.#timers.retry);
    clearInterval(this.#timers.ping);
    socket?.close();
    for (const { reject, timer } of this.#requests.values()) {
      clearTimeout(timer);
      reject(new ConnectionLost());
    }
    this.#requests.clear();
  }

  #become(/** @type {State} */ state, /** @type {Partial<Change>} */ details = {}) {
    const previous = this.state;
    this.state = state;
    this.#options.onState({ state, previous, ...details });
  }
}
