/** An MCP server over stdio that is wrong in one way, the one that its argument names. Needs no other file. */

export const faults = [
  "ends at once",
  "fails at once",
  "is silent",
  "closes its output",
  "breaks off in a line",
  "prints garbage for ever",
  "prints garbage, then works",
  "prints bytes that are no text, then works",
  "prints JSON that is no message, then works",
  "answers twice",
  "answers with wrong ids, then rightly",
  "sends a line of 50 MB, then works",
  "sends a line without an end",
  "refuses the handshake",
  "speaks an unknown version",
  "answers the handshake with nonsense",
  "has no capabilities",
  "is silent after the handshake",
  "ends after the handshake",
  "ends when it is asked for tools",
  "lists tools without an end",
  "lists the same page for ever",
  "lists what is no list",
  "lists tools without names",
  "lists a tool twice",
  "fails every list",
  "floods its log",
  "floods with notifications",
  "floods with requests",
  "ends in a call",
  "hangs in a call",
] as const;

export type Fault = typeof faults[number];

/** Faults of servers that have a tool all the same. */
export const working: Fault[] = [
  "prints garbage, then works",
  "prints bytes that are no text, then works",
  "prints JSON that is no message, then works",
  "answers twice",
  "answers with wrong ids, then rightly",
  "sends a line of 50 MB, then works",
  "lists a tool twice",
  "floods its log",
  "floods with notifications",
  "floods with requests",
  "ends in a call",
  "hangs in a call",
];

/** Name of a fault's server. */
export const serverName = (fault: Fault) => fault.replaceAll(/[^a-z0-9]+/g, "-");

async function serve(fault: Fault): Promise<void> {
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
  };
  const print = (text: string) => write(new TextEncoder().encode(text));
  const send = (message: unknown) => print(`${JSON.stringify(message)}\n`);
  const isFault = (...some: Fault[]) => some.includes(fault);
  if (isFault("ends at once")) Deno.exit(0);
  if (isFault("fails at once")) Deno.exit(7);
  if (isFault("closes its output")) Deno.stdout.close();
  if (isFault("breaks off in a line")) {
    await print('{"jsonrpc":"2.0","id":0,"resu');
    Deno.exit(0);
  }
  while (isFault("prints garbage for ever")) await print("Starting up… \u001b[31mplease wait\n".repeat(100));
  if (isFault("prints garbage, then works")) await print("npm warn deprecated\n{broken\n\n[]\n");
  if (isFault("prints bytes that are no text, then works")) await write(new Uint8Array([0xff, 0xfe, 0, 10]));
  if (isFault("prints JSON that is no message, then works")) {
    await print('null\n5\n{"jsonrpc":"2.0"}\n{"id":1}\n');
  }
  if (isFault("sends a line of 50 MB, then works")) await print(`${"x".repeat(50 * 1024 * 1024)}\n`);
  while (isFault("sends a line without an end")) {
    await print("x".repeat(1024 * 1024));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const answer = async (id: unknown, result: unknown) => {
    if (isFault("answers with wrong ids, then rightly")) await send({ jsonrpc: "2.0", id: 987_654, result });
    await send({ jsonrpc: "2.0", id, result });
    if (isFault("answers twice")) await send({ jsonrpc: "2.0", id, result });
  };
  const tool = { name: `work_${fault.replaceAll(/[^a-z0-9]+/g, "_")}`, inputSchema: { type: "object" } };
  const list = async (id: unknown, cursor?: string) => {
    if (isFault("is silent after the handshake")) return;
    if (isFault("ends when it is asked for tools")) Deno.exit(1);
    if (isFault("fails every list")) {
      return await send({ jsonrpc: "2.0", id, error: { code: -32000, message: "no" } });
    }
    if (isFault("lists tools without an end")) {
      const page = Number(cursor ?? 0);
      const tools = Array.from({ length: 100 }, (_, i) => ({ ...tool, name: `endless_${page}_${i}` }));
      return await answer(id, { tools, nextCursor: String(page + 1) });
    }
    if (isFault("lists the same page for ever")) {
      return await answer(id, { tools: [tool], nextCursor: "again" });
    }
    if (isFault("lists what is no list")) return await answer(id, { tools: "none" });
    if (isFault("lists tools without names")) return await answer(id, { tools: [{}, null, { name: "" }, 5] });
    if (isFault("lists a tool twice")) return await answer(id, { tools: [tool, tool] });
    await answer(id, { tools: [tool] });
  };
  const flood = async () => {
    for (let i = 0; i < 20_000; i++) {
      if (isFault("floods its log")) console.error("noise ".repeat(20));
      if (isFault("floods with notifications")) {
        await send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
      }
      if (isFault("floods with requests")) {
        await send({ jsonrpc: "2.0", id: `r${i}`, method: "sampling/createMessage", params: {} });
      }
    }
  };
  const handle = async ({ id, method, params }: { id?: unknown; method?: string; params?: any }) => {
    if (method === "initialize") {
      if (isFault("is silent")) return;
      if (isFault("refuses the handshake")) {
        return await send({ jsonrpc: "2.0", id, error: { code: -32000, message: "not today" } });
      }
      if (isFault("answers the handshake with nonsense")) return await answer(id, { hello: "world" });
      await answer(id, {
        protocolVersion: isFault("speaks an unknown version") ? "1999-01-01" : params.protocolVersion,
        capabilities: isFault("has no capabilities") ? {} : { tools: { listChanged: true } },
        serverInfo: { name: fault, version: "1" },
      });
      if (isFault("ends after the handshake")) Deno.exit(1);
      if (fault.startsWith("floods")) flood();
    } else if (method === "tools/list") await list(id, params?.cursor);
    else if (method === "tools/call") {
      if (isFault("ends in a call")) Deno.exit(1);
      if (!isFault("hangs in a call")) await answer(id, { content: [{ type: "text", text: "done" }] });
    }
  };
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== "") handle(JSON.parse(line));
  }
}

if (import.meta.main) await serve(Deno.args[0] as Fault);
