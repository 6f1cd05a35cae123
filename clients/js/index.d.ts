/** Events of an eventhub, live. `HubEvent` is what `manage.py export_contract --format typescript` writes. */
import type {
  Change,
  ClientOptions,
  ErrorMessage,
  EventMessage,
  Filters,
  Metadata,
  SocketClass,
  Start,
  Subscription,
  Told,
} from "./client/protocol.js";

export type {
  Change,
  ClientOptions,
  EventMessage,
  Filters,
  Metadata,
  Start,
  State,
  Subscription,
} from "./client/protocol.js";

/** What any event is like; a generated union tells more. */
export type AnyEvent = { type: string; id?: string; timestamp: string; data: object };
/** What listeners get, where events are of these types. */
export type ToldOf<HubEvent extends AnyEvent> = Omit<Told, "event"> & { event: [event: HubEvent, text: string] };

export class EventClient<HubEvent extends AnyEvent = EventMessage> {
  constructor(url: string, options?: ClientOptions);
  get state(): Change["state"];
  /** As asked for; an id is null while its subscription is not in force. */
  get subscriptions(): Subscription[];
  /** Where to resume; null before anything has come. */
  get position(): string | null;
  /** Returns the function that undoes it. */
  on<Name extends keyof Told>(name: Name, handler: (...details: ToldOf<HubEvent>[Name]) => void): () => void;
  connect(): void;
  close(): void;
  /** Resolves when it is in force, and rejects with ProtocolError or ConnectionRefused. */
  subscribe(eventTypes: HubEvent["type"][], filters?: Filters, start?: Start): Promise<Subscription>;
  update(subscription: Subscription, eventTypes: HubEvent["type"][], filters?: Filters): Promise<void>;
  unsubscribe(subscription: Subscription): Promise<void>;
  getMetadata(): Promise<Metadata>;
  ping(): Promise<string | undefined>;
}

/** Stands in for a WebSocket where none gets through, for clients with one subscription at a time. */
export const StreamSocket: SocketClass;

/** The server refused a command; `code` is one of the protocol's. */
export class ProtocolError extends Error {
  code: string;
  details: unknown[];
  constructor(error: ErrorMessage);
}
/** The connection was lost before the answer came. */
export class ConnectionLost extends Error {}
/** The server does not want this client; `code` is that of the close. */
export class ConnectionRefused extends Error {
  code?: number;
  reason?: string;
}
