/** The pages of the catalogue: times in the reader's zone. The pages work without. */
import { byId } from "../shared/dom.js";
import { inLocalTime } from "../time/local_time.js";

inLocalTime(byId("main"));
