/** An MCP server over stdio that speaks one protocol version, whatever it is asked for. Imports nothing. */
const [version] = Deno.args;
let asked = "";
let rest = "";

function result(method: string, params: any): unknown {
  if (method === "initialize") {
    asked = params.protocolVersion;
    return {
      protocolVersion: version,
      capabilities: { tools: {} },
      serverInfo: { name: "one", version: "1" },
    };
  }
  if (method === "tools/list") {
    return { tools: [{ name: `say_${version}`, inputSchema: { type: "object" } }] };
  }
  return { content: [{ type: "text", text: `${version}, asked for ${asked}` }] };
}

for await (const piece of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + piece).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const { id, method, params } = JSON.parse(line);
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result: result(method, params) }));
  }
}
