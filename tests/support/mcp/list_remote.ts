/** Lists the tools of the remote server at the URL that it is given, through a gateway; prints what is told. */
import { enabled, testGateway } from "./fixture.ts";

const remote = { url: Deno.args[0], transport_type: "streamable-http" };
await using test = testGateway([enabled({ name: "there", type: "remote", remote })]);
const client = await test.connect();
const { tools } = await client.listTools();
console.log([...test.lines, `tools: ${tools.map(({ name }) => name)}`].join("\n"));
await client.close();
