/** The words of the protocol, as types: docs/protocol.md describes them. */

export type Value = string | number | boolean | null;
/** What filters ask for, by their names. `[]`, `""` and `null` ask nothing. */
export type Filters = Record<string, Value | Value[]>;
export type Asked = { eventTypes: string[]; filters: Filters };
/** A subscription that is not in force has no id. */
export type Subscription = Asked & { id: string | null };
/** The logged events that a new subscription begins with. */
export type Start = { after?: string; last?: number };

export type Field = {
  name: string;
  label: string;
  type: string;
  operator: string;
  data_key: string;
  options?: string[];
  option_labels?: Record<string, string>;
  live?: boolean;
  source?: string;
  help_text?: string;
};
export type EventType = {
  id: string;
  label: string;
  description: string;
  icon: string;
  summary: string;
  subject?: string;
  severity_levels?: string[];
  /** Whether events of it may come from outside, of those who have the permission. */
  external?: boolean;
  filterable_fields: Field[];
};
export type Category = { id: string; label: string; events: EventType[] };
export type Limits = Record<
  | "event_types_per_subscription"
  | "subscriptions_per_connection"
  | "subscription_bytes_per_connection"
  | "text_conditions_per_connection"
  | "value_length"
  | "values_per_filter",
  number
>;
export type Metadata = { version: number; categories: Category[]; limits?: Partial<Limits> };

/** An event as a client gets it. One that is not logged has no id. */
export type EventMessage = { type: string; id?: string; timestamp: string; data: Record<string, unknown> };

/** Any message of the server; `type` tells which of the following it is, and so which members it has. */
export type Message = { type: string; request_id?: number } & Partial<
  EventMessage &
    MetadataMessage &
    MetadataChanged &
    ErrorMessage &
    Subscribed &
    Resumed &
    Replayed &
    Unsubscribed &
    Pong
>;
export type MetadataMessage = { data: Metadata };
export type MetadataChanged = { version: number };
export type ErrorMessage = { code: string; message: string; details?: unknown[] };
export type Subscribed = { subscription_id: string; position: string; replaying?: boolean };
export type Resumed = { subscriptions: { subscription_id: string }[]; position: string; replaying?: boolean };
/** Without `subscription_id` it ends the replay of the whole connection. */
export type Replayed = {
  subscription_id?: string;
  count: number;
  complete: boolean;
  reason?: string | null;
  next_after?: string;
  position: string;
};
export type Unsubscribed = {
  subscription_id: string;
  reason: string;
  position: string;
  filters_gone?: string[];
  request_id?: number;
};
export type Pong = { position: string };

export type State = "closed" | "connecting" | "live" | "waiting" | "refused";
/** `delay` is in ms; `code` and `reason` are those of the close frame. */
export type Change = {
  state: State;
  previous: State;
  attempt?: number;
  delay?: number;
  code?: number;
  reason?: string;
};
/** `subscription` is null for a replay of the whole connection, `lost` when nobody knows how many. */
export type Replay = {
  subscription: Subscription | null;
  count: number;
  complete: boolean;
  reason: string | null;
  lost: number | null;
  nextAfter?: string;
  error?: Error;
};
export type Ended = { subscription: Subscription; reason: string; error?: Error };

/** What the listeners of `EventClient.on` get. */
export type Told = {
  state: [change: Change];
  event: [event: EventMessage, text: string];
  replayed: [replay: Replay];
  metadata: [metadata: Metadata];
  metadata_changed: [version: number];
  subscriptions: [list: Subscription[]];
  ended: [ended: Ended];
  error: [error: ErrorMessage];
};
export type Emit = <Name extends keyof Told>(name: Name, ...details: Told[Name]) => void;

/** A class such as WebSocket: that of browsers and Node, and those of packages such as `ws`. */
export type SocketClass = new (
  url: string,
) => {
  send(data: string): void;
  close(): void;
  // biome-ignore-start lint/suspicious/noExplicitAny: each of these classes has types of its own for its events
  onopen: ((event: any) => any) | null;
  onmessage: ((event: any) => any) | null;
  onclose: ((event: any) => any) | null;
  // biome-ignore-end lint/suspicious/noExplicitAny: until here
};
/** Gives the token, or the ticket, for one try to connect. */
export type GetToken = () => string | Promise<string>;
export type ClientOptions = {
  position?: string | null;
  subscriptions?: Asked[];
  getToken?: GetToken;
  /** In place of getToken: a ticket of `POST /api/v1/tickets/`, so that no token stands in an address. */
  getTicket?: GetToken;
  WebSocket?: SocketClass;
  /** Used once two tries with a WebSocket have never opened. */
  fallback?: SocketClass;
  random?: () => number;
};
