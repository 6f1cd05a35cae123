/** The page of a server: read without JavaScript, with it in one's own time. */
import { byId } from "../shared/dom.js";
import { inLocalTime } from "../time/local_time.js";

inLocalTime(byId("main"));
