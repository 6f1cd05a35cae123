/** “Send again”: the same payload as a new event, for whoever may emit it; asked back, and once however often it is pressed. */
import { ApiProblem, emit } from "../shared/api.js";
import { clone, say, slot } from "../shared/dom.js";
import { linkTo, newKey } from "../shared/sending.js";
import { legible } from "../values/legible.js";

/** @import { Received } from "../values/received.js" */

/** Returns the button, with what it asks and says. */
export function againButton(/** @type {Received} */ event) {
  const root = clone("again-template");
  const [ask, sure, send, said] = ["ask", "sure", "send", "said"].map((name) => slot(root, name));
  let key = ""; // of one sending: the server takes it once, also if it is tried again because no answer came

  const show = (/** @type {boolean} */ isAsked) => {
    sure.hidden = !isAsked;
    ask.hidden = isAsked;
    (isAsked ? send : ask).focus();
  };
  ask.addEventListener("click", () => {
    key ||= newKey("again");
    say(said, "");
    show(true);
  });
  slot(root, "cancel").addEventListener("click", () => show(false));
  send.addEventListener("click", async () => {
    const text = `{"type":${JSON.stringify(event.type)},"data":${event.payload},"idempotency_key":"${key}"}`;
    send.setAttribute("aria-busy", "true");
    try {
      const { id } = await emit(text);
      key = "";
      say(said, id ? "Sent as " : "Sent.");
      if (id) said.append(linkTo(id), ".");
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      say(said, `Not sent: ${legible(error.message)}`);
    } finally {
      send.removeAttribute("aria-busy");
      show(false);
    }
  });
  return root;
}
