/**
 * A stdio MCP server that costs as little as one can, so that what stands before it is seen: a program for node,
 * as text, which a container runs as well as this machine. Its words: name, number of tools, milliseconds until it
 * says which tools it has, megabytes of the resource bench://large.
 */
export interface BenchServer {
  name: string;
  tools?: number;
  delayMs?: number;
  megabytes?: number;
}

/** Runs in node; travels as text. */
function serve(): void {
  const { argv, stdin, stdout, exit } = (globalThis as any).process;
  const [name, tools, delayMs, megabytes] = [argv[1], ...argv.slice(2).map(Number)];
  const inputSchema = { type: "object", properties: { message: { type: "string" } } };
  /** What was said last, for whoever measures from then on. */
  const listed = () =>
    Array.from({ length: tools }, (_, i) => ({
      name: i === 0 ? "echo" : `${name}_tool_${i}`,
      description: `${"A tool with a description of a usual length. ".repeat(4)}@${Date.now()}`,
      inputSchema,
    }));
  const results: Record<string, (params: any) => unknown> = {
    initialize: ({ protocolVersion }) => ({
      protocolVersion,
      capabilities: { tools: {}, resources: {} },
      serverInfo: { name, version: "1" },
    }),
    "tools/call": (params) => ({ content: [{ type: "text", text: `Echo: ${params.arguments.message}` }] }),
    "resources/list": () => ({ resources: [{ uri: "bench://large", name: "large" }] }),
    "resources/templates/list": () => ({ resourceTemplates: [] }),
  };
  const line = (id: unknown, result: unknown) => `${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`;
  function answer({ id, method, params }: any): string {
    if (id === undefined) return "";
    if (method === "tools/list" && delayMs > 0) {
      setTimeout(() => stdout.write(line(id, { tools: listed() })), delayMs);
      return "";
    }
    if (method === "tools/list") return line(id, { tools: listed() });
    if (method === "resources/read") {
      const blob = "QUJD".repeat(megabytes * 250_000);
      return line(id, { contents: [{ uri: params.uri, mimeType: "application/octet-stream", blob }] });
    }
    return line(id, results[method]?.(params) ?? {});
  }
  let rest = "";
  stdin.setEncoding("utf8");
  stdin.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    const answers = lines.map((one) => one === "" ? "" : answer(JSON.parse(one))).join("");
    if (answers !== "") stdout.write(answers);
  });
  stdin.on("end", () => exit(0));
}

/** Arguments for node, without characters that mean something in a catalog's command. */
export function serverArguments({ name, tools = 1, delayMs = 0, megabytes = 1 }: BenchServer): string[] {
  const program = `eval(atob("${btoa(`(${serve})()`)}"))`;
  return ["-e", program, name, ...[tools, delayMs, megabytes].map(String)];
}
