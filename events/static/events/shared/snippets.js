/** A subscription, and a single event, written as code that works as it stands. */
import { parametersOf } from "./api.js";
import { parse, stringify } from "../values/exact.js";
import { legibleJson } from "../values/legible.js";
import { MANAGE, quoted } from "./shell.js";

/** @import { Asked, Value } from "../client/protocol.js" */
/** @import { Received } from "../values/received.js" */

const BEARER = '-H "Authorization: Bearer $EVENTHUB_TOKEN"';
const TOKEN = `A token is made by “${MANAGE} create_token NAME”`;
const CLIENT = "/static/events/client/client.js";
const PACKAGED = "For Node and bundled apps, it is the package eventhub-client, clients/js in the source.";
const IN_ENVIRONMENT = `${TOKEN}; put it into the environment as EVENTHUB_TOKEN.`;

/**
 * @typedef {object} Addresses
 * @property {string} site where eventhub is, such as "https://example.org/eventhub"
 * @property {string} socket the WebSocket's
 */
/** @typedef {{ name: string, note: string, code: string }} Snippet */
/** @typedef {{ type: string, payload: string }} Emitted */

/** @returns {Snippet[]} */
export function subscriptionSnippets(/** @type {Asked} */ asked, /** @type {Addresses} */ { site, socket }) {
  return [
    { name: "JSON", note: "What a client sends over the WebSocket.", code: json(asked) },
    { name: "JavaScript", note: `${TOKEN}. ${PACKAGED}`, code: javascript(asked, site, socket) },
    {
      name: "Python",
      note: `Needs “pip install clients/python”, of the source. ${IN_ENVIRONMENT}`,
      code: python(asked, socket),
    },
    { name: "Go", note: `Needs “go get github.com/coder/websocket”. ${IN_ENVIRONMENT}`, code: go(asked, socket) },
    { name: "websocat", note: `Shows what comes, in a shell. ${IN_ENVIRONMENT}`, code: websocat(asked, socket) },
    { name: "curl", note: `The newest that there are in the log. ${IN_ENVIRONMENT}`, code: curl(asked, site) },
    { name: "Command", note: "Shows them as they happen, on the server.", code: command(asked) },
    {
      name: "Agent",
      note: `Connects Claude Code, and tells an agent what to do. ${IN_ENVIRONMENT}`,
      code: agent(asked, site),
    },
  ];
}

/** [{name, code}]: the event itself, with the digits that came, and, for those who may emit it, how to have one like it again. */
export function eventSnippets(
  /** @type {Received} */ event,
  /** @type {{ site: string, mayEmit: boolean }} */ { site, mayEmit },
) {
  const itself = { name: "JSON", code: legibleJson(stringify(parse(event.text), 2)) };
  return mayEmit ? [itself, { name: "curl", code: emitCurl(event, site) }, emitted(event)] : [itself];
}

/** An event like this one, sent by each of the ways. Its digits are those of the payload's text, but in JavaScript. */
export function emitSnippets(/** @type {Emitted} */ event, /** @type {string} */ site) {
  return [
    { name: "curl", note: IN_ENVIRONMENT, code: emitCurl(event, site) },
    { name: "Python", note: `Needs no library. ${IN_ENVIRONMENT}`, code: emitPython(event, site) },
    {
      name: "JavaScript",
      note: `${TOKEN}. For Node, Deno and others; a page of another origin may not send.`,
      code: emitJavascript(event, site),
    },
    { name: "Command", note: "Sends it, on the server.", code: emitted(event).code },
  ];
}

function message(/** @type {Asked} */ { eventTypes, filters }) {
  return { action: "subscribe", event_types: eventTypes, filters };
}

function json(/** @type {Asked} */ asked) {
  return pretty(message(asked));
}

/** For the console of any page; in a program, `import` stands at the top. */
function javascript(
  /** @type {Asked} */ { eventTypes, filters },
  /** @type {string} */ site,
  /** @type {string} */ socket,
) {
  return `const { EventClient } = await import(${JSON.stringify(site + CLIENT)});

const client = new EventClient("${socket}", { getToken: () => "YOUR TOKEN" });
client.on("event", (event) => console.log(event));
client.on("state", ({ state, reason }) => console.log(state, reason ?? ""));
client.connect();
await client.subscribe(${pretty(eventTypes)}, ${pretty(filters)});
`;
}

/** JSON of texts, numbers, lists and objects is Python, too. */
function python(/** @type {Asked} */ { eventTypes, filters }, /** @type {string} */ socket) {
  return `import asyncio, logging, os
from eventhub_client import EventClient

logging.basicConfig(level=logging.INFO)  # tells when it connects again

async def main():
    client = EventClient("${socket}", os.environ["EVENTHUB_TOKEN"])
    async for event in client.subscribe(${pretty(eventTypes)}, ${pretty(filters)}):
        print(event, flush=True)

asyncio.run(main())
`;
}

function pretty(/** @type {object} */ value) {
  return legibleJson(JSON.stringify(value, null, 2));
}

/** A text of Go between backquotes; the few that JSON may have are joined in. */
function go(/** @type {Asked} */ asked, /** @type {string} */ socket) {
  const text = `\`${json(asked).replaceAll("`", '` + "`" + `')}\``;
  return `package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/coder/websocket"
)

const subscribe = ${text}

func main() {
	ctx := context.Background()
	header := http.Header{"Authorization": {"Bearer " + os.Getenv("EVENTHUB_TOKEN")}}
	socket, _, err := websocket.Dial(ctx, "${socket}", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		log.Fatal(err)
	}
	socket.SetReadLimit(1 << 20) // bytes; larger than any event
	if err := socket.Write(ctx, websocket.MessageText, []byte(subscribe)); err != nil {
		log.Fatal(err)
	}
	for {
		_, message, err := socket.Read(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(message))
	}
}
`;
}

function websocat(/** @type {Asked} */ asked, /** @type {string} */ socket) {
  const line = quoted(legibleJson(JSON.stringify(message(asked))));
  return `printf '%s\\n' ${line} | websocat -n -H="Authorization: Bearer $EVENTHUB_TOKEN" ${socket}`;
}

function curl(/** @type {Asked} */ asked, /** @type {string} */ site) {
  const parameters = [...parametersOf(asked)].map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`);
  return [`curl -G ${BEARER} ${site}/api/v1/events/`, ...parameters].join(" \\\n  ");
}

function command(/** @type {Asked} */ { eventTypes, filters }) {
  const values = (/** @type {[string, Value | Value[]]} */ [name, asked]) =>
    [asked ?? []].flat().map((value) => `--filter ${quoted(`${name}=${value}`)}`);
  const types = eventTypes.map((id) => `--type ${quoted(id)}`);
  return [`${MANAGE} tail_events`, ...types, ...Object.entries(filters).flatMap(values)].join(" ");
}

/** A command that connects one host of agents, and a sentence that any agent understands. */
function agent(/** @type {Asked} */ { eventTypes, filters }, /** @type {string} */ site) {
  const server = `${site}/mcp`;
  const asked = Object.keys(filters).length ? ` with the arguments ${legibleJson(JSON.stringify(filters))}` : "";
  return `claude mcp add --transport http eventhub ${server} --header "Authorization: Bearer $EVENTHUB_TOKEN"

Watch ${eventTypes.join(", ")}${asked} on eventhub, the MCP server at ${server}: by MCP Events if you can, else with its tool search_events.
`;
}

function emitCurl(/** @type {Emitted} */ { type, payload }, /** @type {string} */ site) {
  const body = quoted(`{"type":${JSON.stringify(type)},"data":${legibleJson(payload)}}`);
  return `curl ${BEARER} -H "Content-Type: application/json" -d ${body} ${site}/api/v1/events/`;
}

/** A raw string takes JSON as it is: three quotes do not stand side by side in it. */
function emitPython(/** @type {Emitted} */ event, /** @type {string} */ site) {
  return `import os, urllib.request

EVENT = r"""${eventText(event)}"""

headers = {"Authorization": f"Bearer {os.environ['EVENTHUB_TOKEN']}", "Content-Type": "application/json"}
request = urllib.request.Request("${site}/api/v1/events/", EVENT.encode(), headers)
with urllib.request.urlopen(request) as answer:
    print(answer.read().decode())
`;
}

function emitJavascript(/** @type {Emitted} */ event, /** @type {string} */ site) {
  return `const token = "YOUR TOKEN";
const answer = await fetch("${site}/api/v1/events/", {
  method: "POST",
  headers: { Authorization: \`Bearer \${token}\`, "Content-Type": "application/json" },
  body: JSON.stringify(${eventText(event).replaceAll("\n", "\n  ")}),
});
console.log(await answer.json());
`;
}

function eventText(/** @type {Emitted} */ { type, payload }) {
  return `{"type": ${JSON.stringify(type)}, "data": ${legibleJson(payload)}}`;
}

function emitted(/** @type {Emitted} */ { type, payload }) {
  return { name: "command", code: `${MANAGE} emit_event ${quoted(type)} --data ${quoted(legibleJson(payload))}` };
}
