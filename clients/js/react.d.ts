/** A hook that has the newest events of a subscription, for as long as the component is there. */
import type { AnyEvent, ClientOptions, EventMessage, Filters, Start, State } from "./index.js";

export type Shown<HubEvent> = {
  /** The newest, in the order in which they came. */
  events: HubEvent[];
  state: State;
  /** Why there are no events, or no more. */
  error: Error | null;
  /** Why events are missing that happened while there was no connection. */
  gap: string | null;
};
export type Source = { url: string } & Omit<ClientOptions, "position" | "subscriptions">;

export function useEvents<HubEvent extends AnyEvent = EventMessage>(
  source: Source,
  eventTypes: HubEvent["type"][],
  filters?: Filters,
  options?: { keep?: number; start?: Start },
): Shown<HubEvent>;
