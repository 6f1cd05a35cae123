/** Copies the client from where the page has it: this package and the page run the same code. `npm pack` calls it. */
import { cpSync, rmSync } from "node:fs";

const here = new URL("client/", import.meta.url);
rmSync(here, { recursive: true, force: true });
cpSync(new URL("../../events/static/events/client/", import.meta.url), here, { recursive: true });
