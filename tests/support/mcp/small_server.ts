/**
 * An MCP server over stdio that starts at once (it imports nothing): each argument is a tool, which tells its
 * arguments, the values of the variables that begin with SMALL_, and the server's process id. A call with the
 * argument `endless` gets no answer.
 */
const tools = Deno.args.map((name) => ({ name, inputSchema: { type: "object" } }));
console.error(`small server with ${Deno.args}`);

function result(method: string, params: any): unknown {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: "small", version: "1" },
      };
    case "tools/list":
      return { tools };
    case "tools/call": {
      const variables = Object.entries(Deno.env.toObject()).filter(([name]) => name.startsWith("SMALL_"));
      const told = {
        ...params.arguments,
        ...Object.fromEntries(variables),
        pid: Deno.pid,
        meta: params._meta,
      };
      return { content: [{ type: "text", text: JSON.stringify(told) }] };
    }
    case "ping":
      return {};
  }
}

let rest = "";
for await (const piece of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + piece).split("\n");
  rest = lines.pop()!;
  for (const line of lines.filter((one) => one.trim())) {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined || params?.arguments?.endless) continue;
    const found = result(method, params);
    const answer = found ? { result: found } : { error: { code: -32601, message: "No such method" } };
    console.log(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  }
}
