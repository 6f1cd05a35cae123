/** Times that the server wrote in UTC, as the clock of whoever reads them has them. */
import { clockTime, fullTime } from "./summary.js";

export function inLocalTime(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const date = new Date(time.dateTime);
    time.textContent = clockTime(date);
    time.title = fullTime(date);
  }
}
