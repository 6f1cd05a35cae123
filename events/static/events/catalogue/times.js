/** The pages of the catalogue: times in the reader's zone. The pages work without. */
import { byId } from "../shared/dom.js";
import { inLocalTime } from "../shared/local_time.js";

inLocalTime(byId("main"));
