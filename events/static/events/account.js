/** The page /account: times in the reader's zone, and a button that copies a new token. The page works without. */
import { copyOnClick } from "./shared/clipboard.js";
import { inLocalTime } from "./time/local_time.js";

inLocalTime(document.body);

const button = document.getElementById("copy");
const token = document.getElementById("token");
if (button && token) {
  copyOnClick(button, () => token.textContent ?? "");
  button.hidden = false;
}
