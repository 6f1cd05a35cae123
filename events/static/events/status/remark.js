/** What the feed says of a replay. */
import { legible } from "../values/legible.js";
import { ownMember } from "../values/own_member.js";
import { grouped } from "../values/summary.js";

/** @import { Replay } from "../client/protocol.js" */

const GAPS = {
  expired: () => "the log no longer reaches back to where the connection was lost, so older events are missing",
  epoch: () => "the server's log is another one now, so what happened meanwhile is not known",
  limit: () => "more happened than one replay brings, so the events between these and now are missing",
  refused: (/** @type {{ message: string } | undefined} */ error) =>
    `the server did not resume (${legible(error?.message)}), so what happened meanwhile is missing`,
};

/** @param {Pick<Replay, "count" | "complete"> & Partial<Replay>} replayed */
export function replayRemark({ count, complete, reason, error }) {
  const replayed = `resumed, ${grouped(count)} replayed`;
  if (complete) return `${replayed}, 0 lost`;
  return `${replayed}, with a gap: ${ownMember(GAPS, reason)?.(error) ?? legible(reason)}.`;
}
