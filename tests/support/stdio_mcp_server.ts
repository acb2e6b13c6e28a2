/** An MCP server over stdio with one tool, `tell_secret`; ends with its stdin. Imports nothing. */
const tool = { name: "tell_secret", description: "Tells the secret", inputSchema: { type: "object" } };
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let rest = "";
for await (const chunk of lines) {
  const parts = (rest + chunk).split("\n");
  rest = parts.pop()!;
  for (const part of parts.filter((line) => line.trim())) {
    const { id, method, params } = JSON.parse(part);
    if (id === undefined) continue;
    const results: Record<string, unknown> = {
      initialize: {
        protocolVersion: params?.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: "stand-in", version: "1" },
      },
      "tools/list": { tools: [tool] },
      "tools/call": { content: [{ type: "text", text: "the secret is a word" }] },
      ping: {},
    };
    const answer = method in results
      ? { result: results[method] }
      : { error: { code: -32601, message: "No such method" } };
    console.log(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  }
}
