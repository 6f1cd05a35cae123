/** The admin's times, which the server writes in UTC, in the reader's zone. */
import { textInLocalTime } from "./time/local_time.js";

const content = document.getElementById("content");
if (content) textInLocalTime(content);
