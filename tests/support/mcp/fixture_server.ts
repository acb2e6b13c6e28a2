/**
 * An MCP server over stdio with what the official conformance suite calls: its tools, resources and prompts.
 * Run as a program; the gateway stands in front of it.
 */
import { Server } from "../../../gateway/mcp/sdk.ts";
import { noTimeout, passThrough } from "../../../gateway/mcp/servers/connect_client.ts";
import { LineTransport } from "../../../gateway/mcp/servers/line_transport.ts";

/** One red pixel. */
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/** A WAV without samples. */
const wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

const text = (text: string) => ({ type: "text", text });
const image = { type: "image", data: png, mimeType: "image/png" };
const embedded = (uri: string, text: string) => ({
  type: "resource",
  resource: { uri, mimeType: "text/plain", text },
});

interface Extra {
  signal: AbortSignal;
  sendNotification(notification: any): Promise<void>;
}
type ToolHandler = (args: any, meta: any, extra: Extra) => any;

const noArguments = { type: "object", properties: {} };
const subscribed = new Set<string>();

const server = new Server({ name: "fixture", version: "1.0.0" }, {
  capabilities: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    logging: {},
    completions: {},
  },
});

const log = (level: string, data: string) =>
  server.notification(
    { method: "notifications/message", params: { level, logger: "fixture", data } } as never,
  );
const ask = (method: string, params: any) =>
  server.request({ method, params } as never, passThrough, { timeout: noTimeout });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function elicit(message: string, properties: Record<string, unknown>, required: string[] = []) {
  const requestedSchema = { type: "object", properties, required };
  const { action, content } = await ask("elicitation/create", { message, requestedSchema });
  return {
    content: [text(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`)],
  };
}

const titled = (items: [string, string][]) => items.map(([value, title]) => ({ const: value, title }));

const tools: Record<string, { description: string; inputSchema?: unknown; run: ToolHandler }> = {
  test_simple_text: {
    description: "Simple text",
    run: () => ({ content: [text("This is a simple text response for testing.")] }),
  },
  test_image_content: { description: "An image", run: () => ({ content: [image] }) },
  test_audio_content: {
    description: "Audio",
    run: () => ({ content: [{ type: "audio", data: wav, mimeType: "audio/wav" }] }),
  },
  test_embedded_resource: {
    description: "An embedded resource",
    run: () => ({ content: [embedded("test://embedded-resource", "This is an embedded resource content.")] }),
  },
  test_multiple_content_types: {
    description: "Several kinds of content",
    run: () => ({
      content: [text("Multiple content types test:"), image, embedded("test://mixed-content-resource", "{}")],
    }),
  },
  test_tool_with_logging: {
    description: "Logs while it runs",
    async run() {
      await log("info", "Tool execution started");
      await pause(50);
      await log("info", "Tool processing data");
      await pause(50);
      await log("info", "Tool execution completed");
      return { content: [text("Tool with logging executed successfully")] };
    },
  },
  test_error_handling: {
    description: "Fails",
    run: () => ({ content: [text("This tool intentionally returns an error for testing")], isError: true }),
  },
  test_tool_with_progress: {
    description: "Reports progress",
    async run(_args, meta, extra) {
      const progressToken = meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          await extra.sendNotification({
            method: "notifications/progress",
            params: { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` },
          });
        }
        await pause(20);
      }
      return { content: [text(String(progressToken ?? "no token"))] };
    },
  },
  test_sampling: {
    description: "Asks the client's model",
    inputSchema: { type: "object", properties: { prompt: { type: "string" } }, required: ["prompt"] },
    async run({ prompt }) {
      const params = {
        messages: [{ role: "user", content: { type: "text", text: prompt } }],
        maxTokens: 100,
      };
      const { content } = await ask("sampling/createMessage", params);
      return { content: [text(`LLM response: ${content?.text ?? "none"}`)] };
    },
  },
  test_elicitation: {
    description: "Asks the user",
    inputSchema: { type: "object", properties: { message: { type: "string" } }, required: ["message"] },
    run: ({ message }) =>
      elicit(message, { username: { type: "string" }, email: { type: "string" } }, ["username", "email"]),
  },
  test_elicitation_sep1034_defaults: {
    description: "Asks with defaults",
    run: () =>
      elicit("Please review and update the form fields with defaults", {
        name: { type: "string", default: "John Doe" },
        age: { type: "integer", default: 30 },
        score: { type: "number", default: 95.5 },
        status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
        verified: { type: "boolean", default: true },
      }),
  },
  test_elicitation_sep1330_enums: {
    description: "Asks with enumerations",
    run: () =>
      elicit("Please select options from the enum fields", {
        untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
        titledSingle: {
          type: "string",
          oneOf: titled([["value1", "First Option"], ["value2", "Second Option"], [
            "value3",
            "Third Option",
          ]]),
        },
        legacyEnum: {
          type: "string",
          enum: ["opt1", "opt2", "opt3"],
          enumNames: ["Option One", "Option Two", "Option Three"],
        },
        untitledMulti: {
          type: "array",
          minItems: 1,
          maxItems: 3,
          items: { type: "string", enum: ["option1", "option2", "option3"] },
        },
        titledMulti: {
          type: "array",
          minItems: 1,
          maxItems: 3,
          items: {
            anyOf: titled([["value1", "First Choice"], ["value2", "Second Choice"], [
              "value3",
              "Third Choice",
            ]]),
          },
        },
      }),
  },
  test_elicitation_url: {
    description: "Sends the user to a page",
    async run() {
      const elicitationId = crypto.randomUUID();
      const params = { mode: "url", message: "Log in", url: "https://example.com/login", elicitationId };
      const { action } = await ask("elicitation/create", params);
      await server.notification(
        { method: "notifications/elicitation/complete", params: { elicitationId } } as never,
      );
      return { content: [text(`action=${action}`)] };
    },
  },
  test_reconnection: {
    description: "Answers after a while",
    async run() {
      await pause(100);
      return { content: [text("Reconnection test completed successfully")] };
    },
  },
  test_roots: {
    description: "Lists the client's roots",
    async run() {
      const { roots } = await ask("roots/list", {});
      return { content: [text(roots.map(({ uri }: { uri: string }) => uri).join(","))] };
    },
  },
  test_endless: {
    description: "Answers only when it is cancelled, which it then tells in the log",
    run: (_args, _meta, { signal }) =>
      new Promise((resolve) => {
        log("info", "endless");
        signal.addEventListener("abort", () => {
          log("info", "cancelled");
          resolve({ content: [] });
        });
      }),
  },
  test_update_resource: {
    description: "Tells subscribers of a resource",
    inputSchema: { type: "object", properties: { uri: { type: "string" } } },
    async run({ uri }) {
      if (subscribed.has(uri)) {
        await server.notification({ method: "notifications/resources/updated", params: { uri } } as never);
      }
      return { content: [text(subscribed.has(uri) ? "told" : "nobody has subscribed")] };
    },
  },
  test_add_tool: {
    description: "Adds a tool",
    inputSchema: { type: "object", properties: { name: { type: "string" } } },
    async run({ name }) {
      tools[name] = { description: "Added", run: () => ({ content: [text("added")] }) };
      await server.notification({ method: "notifications/tools/list_changed" });
      return { content: [text("ok")] };
    },
  },
  test_level: { description: "Tells the level", run: () => ({ content: [text(level)] }) },
  test_echo: {
    description: "Gives its arguments back",
    inputSchema: { type: "object", additionalProperties: true },
    run: (args) => ({
      content: [text(JSON.stringify(args))],
      structuredContent: args,
      _meta: { kept: true },
    }),
  },
  test_exit: { description: "Ends the server", run: () => Deno.exit(3) },
  json_schema_2020_12_tool: {
    description: "Tool with JSON Schema 2020-12 features",
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: {
        address: {
          type: "object",
          properties: { street: { type: "string" }, city: { type: "string" } },
        },
      },
      properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
      additionalProperties: false,
    },
    run: (args) => ({ content: [text(JSON.stringify(args))] }),
  },
};

let level = "info";

const prompts: Record<string, { description: string; arguments?: unknown[]; get(args: any): unknown[] }> = {
  test_simple_prompt: {
    description: "A simple prompt",
    get: () => [{ role: "user", content: text("This is a simple prompt for testing.") }],
  },
  test_prompt_with_arguments: {
    description: "A prompt with arguments",
    arguments: [
      { name: "arg1", description: "First", required: true },
      { name: "arg2", description: "Second", required: true },
    ],
    get: ({ arg1, arg2 }) => [
      { role: "user", content: text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`) },
    ],
  },
  test_prompt_with_embedded_resource: {
    description: "A prompt with a resource",
    arguments: [{ name: "resourceUri", description: "URI of the resource", required: true }],
    get: ({ resourceUri }) => [
      { role: "user", content: embedded(resourceUri, "Embedded resource content for testing.") },
      { role: "user", content: text("Please process the embedded resource above.") },
    ],
  },
  test_prompt_with_image: {
    description: "A prompt with an image",
    get: () => [
      { role: "user", content: image },
      { role: "user", content: text("Please analyze the image above.") },
    ],
  },
};

const resources = [
  { uri: "test://static-text", name: "Static text", mimeType: "text/plain" },
  { uri: "test://static-binary", name: "Static binary", mimeType: "image/png" },
  { uri: "test://watched-resource", name: "Watched", mimeType: "text/plain" },
  { uri: "test://large", name: "100 MB", mimeType: "application/octet-stream" },
];

function read(uri: string): unknown {
  const id = /^test:\/\/template\/(.+)\/data$/.exec(uri)?.[1];
  if (id) {
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { uri, mimeType: "application/json", text: data };
  }
  if (uri === "test://static-binary") return { uri, mimeType: "image/png", blob: png };
  if (uri === "test://large") {
    return { uri, mimeType: "application/octet-stream", blob: "QUJD".repeat(100 * 1024 * 1024 / 3) };
  }
  if (uri === "test://watched-resource") {
    return { uri, mimeType: "text/plain", text: "Watched resource content" };
  }
  return { uri, mimeType: "text/plain", text: "This is the content of the static text resource." };
}

server.removeRequestHandler("logging/setLevel");
server.fallbackRequestHandler = async ({ method, params }: any, extra: any): Promise<any> => {
  switch (method) {
    case "tools/list":
      return {
        tools: Object.entries(tools).map(([name, { description, inputSchema = noArguments }]) => ({
          name,
          description,
          inputSchema,
        })),
      };
    case "tools/call":
      if (!tools[params.name]) {
        throw Object.assign(new Error(`Unknown tool ${params.name}`), { code: -32602 });
      }
      return await tools[params.name].run(params.arguments ?? {}, params._meta, extra);
    case "prompts/list":
      return {
        prompts: Object.entries(prompts).map(([name, { description, arguments: args }]) => ({
          name,
          description,
          arguments: args,
        })),
      };
    case "prompts/get":
      return { messages: prompts[params.name].get(params.arguments ?? {}) };
    case "resources/list":
      return { resources };
    case "resources/templates/list":
      return {
        resourceTemplates: [
          { uriTemplate: "test://template/{id}/data", name: "Template", mimeType: "application/json" },
        ],
      };
    case "resources/read":
      return { contents: [read(params.uri)] };
    case "resources/subscribe":
      subscribed.add(params.uri);
      return {};
    case "resources/unsubscribe":
      subscribed.delete(params.uri);
      return {};
    case "completion/complete":
      return { completion: { values: ["paris", "park", "party"], total: 150, hasMore: false } };
    case "logging/setLevel":
      level = params.level;
      return {};
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
