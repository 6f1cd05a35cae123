// node take.mjs SDK MILLISECONDS URL…: print a line of JSON for each URL, what the official client makes of the server.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, patience, ...urls] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${name}`)).href);
const { Client } = await load("client/index.js");
const { StreamableHTTPClientTransport } = await load("client/streamableHttp.js");
const { ErrorCode } = await load("types.js");

async function taken(url) {
  const client = new Client({ name: "eventhub-test", version: "1" });
  client.onerror = () => {};
  const options = { timeout: Number(patience) };
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(url)), options);
    const { tools } = await client.listTools(undefined, options);
    return { url, tools: tools.length };
  } catch (error) {
    return { url, error: String(error.message ?? error).slice(0, 200), isLate: error.code === ErrorCode.RequestTimeout };
  } finally {
    await client.close().catch(() => {});
  }
}

// They share connections, which some of the servers close: what fails is tried once more by itself. Whoever got no
// answer in all that time was closed by none: another try would wait as long again.
for (const outcome of await Promise.all(urls.map(taken))) {
  console.log(JSON.stringify("error" in outcome && !outcome.isLate ? await taken(outcome.url) : outcome));
}
process.exit(0);
