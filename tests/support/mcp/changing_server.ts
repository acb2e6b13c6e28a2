/** An MCP server over stdio whose tools are what the file that it is given says at each list. */
import { Server } from "../../../gateway/mcp/sdk.ts";
import { LineTransport } from "../../../gateway/mcp/servers/line_transport.ts";

const [path] = Deno.args;
const server = new Server({ name: "changing", version: "1" }, {
  capabilities: { tools: { listChanged: true }, prompts: {} },
});
server.fallbackRequestHandler = async ({ method }: any): Promise<any> => {
  switch (method) {
    case "tools/list":
      return { tools: JSON.parse(await Deno.readTextFile(path)) };
    case "prompts/list":
      return { prompts: [] };
    case "tools/call":
      await server.notification({ method: "notifications/tools/list_changed" });
      return { content: [{ type: "text", text: "called" }] };
  }
  throw Object.assign(new Error(`No method ${method}`), { code: -32601 });
};
await server.connect(
  new LineTransport({
    readable: Deno.stdin.readable,
    writable: Deno.stdout.writable,
    close: () => Deno.exit(0),
    log: (line) => console.error(line),
  }),
);
