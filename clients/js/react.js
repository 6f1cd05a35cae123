/** A hook that has the newest events of a subscription, for as long as the component is there. */
import { useEffect, useRef, useState } from "react";
import { EventClient } from "./index.js";

const KEEP = 100; // events, if nothing else is said
const NOTHING = { events: [], state: "closed", error: null, gap: null };

/**
 * Each use has a connection of its own, so that it gets what it asks for and nothing else. It connects anew only when
 * what it asks for has changed, not when the objects are other ones with the same in them.
 */
export function useEvents(source, eventTypes, filters = {}, { keep = KEEP, start = {} } = {}) {
  const { url, ...options } = source;
  const newest = useRef(options);
  newest.current = options;
  const [shown, setShown] = useState(NOTHING);
  const asked = JSON.stringify([url, eventTypes, filters, keep, start]);

  useEffect(() => {
    const [url, eventTypes, filters, keep, start] = JSON.parse(asked);
    const { getToken, getTicket, ...others } = newest.current;
    const client = new EventClient(url, {
      ...others,
      getToken: getToken && (() => newest.current.getToken()),
      getTicket: getTicket && (() => newest.current.getTicket()),
    });
    let isThere = true; // what comes after the end changes nothing
    const change = (make) => isThere && setShown((before) => ({ ...before, ...make(before) }));
    client.on("state", ({ state }) => change(() => ({ state })));
    client.on("event", (event) => change(({ events }) => ({ events: [...events, event].slice(-keep) })));
    client.on("replayed", ({ complete, reason }) => complete || change(() => ({ gap: reason })));
    client.on("ended", ({ reason, error }) => change(() => ({ error: error ?? new Error(`It was ended: ${reason}`) })));
    setShown(NOTHING);
    client.subscribe(eventTypes, filters, start).catch((error) => change(() => ({ error })));
    client.connect();
    return () => {
      isThere = false;
      client.close();
    };
  }, [asked]);

  return shown;
}
