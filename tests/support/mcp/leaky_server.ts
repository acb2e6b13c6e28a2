/** An MCP server over stdio that tells its secret, the variable KEY, wherever it can say something. */
import { Server } from "../../../gateway/mcp/sdk.ts";
import { noTimeout, passThrough } from "../../../gateway/mcp/servers/connect_client.ts";
import { LineTransport } from "../../../gateway/mcp/servers/line_transport.ts";

const key = Deno.env.get("KEY")!;
const text = (text: string) => ({ type: "text", text });
const named = (name: string) => ({
  name,
  description: `${name}, with the key ${key}`,
  inputSchema: { type: "object", properties: { key: { type: "string", default: key } } },
});

const server = new Server({ name: "leaky", version: "1" }, {
  capabilities: { tools: {}, prompts: {}, resources: {}, logging: {}, completions: {} },
  instructions: `Log in with ${key}.`,
});
const notify = (method: string, params: unknown) => server.notification({ method, params } as never);

const tools: Record<string, (meta: any) => Promise<unknown> | unknown> = {
  result: () => ({ content: [text(`the key is ${key}`)] }),
  parts: () => ({ content: [text(key.slice(0, 9)), text(key.slice(9))] }),
  encoded: () => ({ content: [text(`Basic ${btoa(key)}`)] }),
  structured: () => ({ content: [], structuredContent: { rows: [{ key }] } }),
  bytes: () => ({
    content: [{ type: "resource", resource: { uri: "leaky:bytes", blob: btoa(`\0${key}`) } }],
  }),
  failure: () => ({ content: [text(`cannot log in with ${key}`)], isError: true }),
  error: () => {
    throw Object.assign(new Error(`cannot log in with ${key}`), { code: -32050, data: { key } });
  },
  stderr: () => {
    console.error(`logging in with ${key}`);
    return { content: [text("done")] };
  },
  log: async () => {
    await notify("notifications/message", { level: "error", data: { deep: [`key=${key}`] } });
    return { content: [text("done")] };
  },
  progress: async ({ progressToken }) => {
    await notify("notifications/progress", { progressToken, progress: 1, message: `using ${key}` });
    return { content: [text("done")] };
  },
  elicitation: async () => {
    const params = { message: `is ${key} right?`, requestedSchema: { type: "object", properties: {} } };
    const answer = await server.request({ method: "elicitation/create", params } as never, passThrough, {
      timeout: noTimeout,
    }).catch((error) => ({ refused: error.message }));
    return { content: [text(JSON.stringify(answer))] };
  },
  harmless: () => ({ content: [text("nothing of note")] }),
};

server.removeRequestHandler("logging/setLevel");
server.fallbackRequestHandler = async ({ method, params }: any): Promise<any> => {
  switch (method) {
    case "tools/list":
      return { tools: Object.keys(tools).map(named) };
    case "tools/call":
      return await tools[params.name](params._meta ?? {});
    case "prompts/list":
      return { prompts: [{ name: "prompt", title: key }] };
    case "prompts/get":
      return { messages: [{ role: "user", content: text(`log in with ${key}`) }] };
    case "resources/list":
      return { resources: ["text", "bytes", key].map((name) => ({ uri: `leaky:${name}`, name })) };
    case "resources/templates/list":
      return { resourceTemplates: [] };
    case "resources/read":
      return {
        contents: [
          params.uri === "leaky:text"
            ? { uri: params.uri, text: key }
            : { uri: params.uri, blob: btoa(`\0${key}`) },
        ],
      };
    case "completion/complete":
      return { completion: { values: [key] } };
    case "logging/setLevel":
      return {};
  }
  throw Object.assign(new Error(`No method ${method}`), { code: -32601 });
};

console.error(`starting with ${key}`);
await server.connect(
  new LineTransport({
    readable: Deno.stdin.readable,
    writable: Deno.stdout.writable,
    close: () => Deno.exit(0),
    log: (line) => console.error(line),
  }),
);
