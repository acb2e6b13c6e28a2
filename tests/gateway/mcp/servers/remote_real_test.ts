/** The reference server of npm over both HTTP transports, behind a wire that can be cut. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { Client } from "../../../../gateway/mcp/sdk.ts";
import { enabled, testGateway } from "../../../support/mcp/fixture.ts";
import { referenceProgram } from "../../../support/mcp/reference_servers.ts";
import { freePort } from "../../../support/executable.ts";
import { realTest } from "../../../support/parts.ts";

const env = { get: (name: string) => name === "DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS" ? "1" : undefined };

/** The program, listening when it is there. */
async function startServer(command: string[], port: number): Promise<AsyncDisposable> {
  const [program, ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env: { PORT: String(port) },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !/port \d+/.test(text);) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The server did not start: ${text}`);
    text += value;
  }
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await Promise.all([child.status, drained]);
    },
  };
}

/** Carries connections to a port until they are cut. */
function wireTo(port: number): { port: number; cut(): void; close(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const cut = () => {
    for (const one of open) {
      try {
        one.close();
      } catch { /* its streams have closed it */ }
    }
    open.clear();
  };
  (async () => {
    for await (const near of listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => near.close());
      if (!far) continue;
      open.add(near).add(far);
      near.readable.pipeTo(far.writable).catch(() => {});
      far.readable.pipeTo(near.writable).catch(() => {});
    }
  })().catch(() => {});
  return {
    port: listener.addr.port,
    cut,
    close() {
      listener.close();
      cut();
    },
  };
}

const kinds = [
  { name: "streamable HTTP", program: "streamableHttp", transport_type: "streamable-http", path: "/mcp" },
  { name: "SSE", program: "sse", transport_type: "sse", path: "/sse" },
  { name: "streamable HTTP, unsaid", program: "streamableHttp", transport_type: undefined, path: "/mcp" },
  { name: "SSE, unsaid", program: "sse", transport_type: undefined, path: "/sse" },
];

async function textOf(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  return (content as { text: string }[])[0].text;
}

for (const { name, program, transport_type, path } of kinds) {
  realTest(
    `the reference server over ${name}: calls, progress, what it asks back; cut off and restarted`,
    () => referenceProgram("everything", program),
    async (command) => {
      const port = freePort();
      const wire = wireTo(port);
      const url = `http://127.0.0.1:${wire.port}${path}`;
      const server = enabled({ name: "there", type: "remote", remote: { url, transport_type } });
      await using test = testGateway([server], { env });
      let begun = Promise.withResolvers<void>();
      const client = await test.connect({
        capabilities: { sampling: {}, roots: {} },
        prepare(client) {
          const answers: Record<string, unknown> = {
            "sampling/createMessage": {
              role: "assistant",
              model: "m",
              content: { type: "text", text: "whales" },
            },
            "roots/list": { roots: [] },
          };
          client.fallbackRequestHandler = ({ method }) => Promise.resolve(answers[method] as any);
        },
      });
      const long = (steps: number, duration: number) =>
        client.callTool(
          { name: "trigger-long-running-operation", arguments: { duration, steps } },
          undefined,
          {
            onprogress: () => begun.resolve(),
          },
        );
      {
        await using _ = await startServer(command, port);
        match(await textOf(client, "echo", { message: "hello" }), /hello/);
        if (!transport_type) return wire.close(); // which of them it is was found out
        const { prompts } = await client.listPrompts();
        ok(prompts.length > 0);
        ok((await client.listResources()).resources.length > 0);
        match(
          await textOf(client, "trigger-sampling-request", { prompt: "?", maxTokens: 5 }),
          /whales/,
        );
        await long(2, 0.1);
        begun = Promise.withResolvers();
        const cut = long(8, 2);
        await begun.promise;
        wire.cut();
        if (program === "sse") {
          await rejects(cut, /there cannot be used: it ended before it answered/);
          match(await test.line(/broke off/), /^there: /);
        } else match(JSON.stringify((await cut).content), /completed/);
        match(await textOf(client, "echo", { message: "after the cut" }), /after the cut/);
      }
      await rejects(textOf(client, "echo"), /there cannot be used/);
      await using _ = await startServer(command, port);
      match(await textOf(client, "echo", { message: "after the restart" }), /after the restart/);
      deepEqual(await client.ping(), {});
      equal(test.gateway.sessions.size, 1);
      wire.close();
    },
  );
}
