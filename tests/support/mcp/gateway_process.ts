/** `skiff mcp gateway run` as a process of its own, in a home of the test's. */
import { selfCommand } from "../../../core/process/self.ts";
import { Client, type ClientCapabilities } from "../../../gateway/mcp/sdk.ts";
import { LineTransport } from "../../../gateway/mcp/servers/line_transport.ts";

export interface GatewayProcess extends AsyncDisposable {
  child: Deno.ChildProcess;
  /** What it has told on stderr, a line each. */
  lines: string[];
  /** Resolves with the first line that matches, told already or later. Rejects when it ends without one. */
  line(pattern: RegExp): Promise<string>;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

export interface GatewayProcessOptions {
  env: Record<string, string>;
  cwd?: string;
  /** Program and arguments of skiff; default: the checkout's. */
  command?: (args: string[]) => { program: string; args: string[] };
}

export function gatewayProcess(args: string[], options: GatewayProcessOptions): GatewayProcess {
  const { program, args: all } = (options.command ?? selfCommand)(["mcp", "gateway", "run", ...args]);
  const child = new Deno.Command(program, {
    args: all,
    env: { PATH: Deno.env.get("PATH")!, ...options.env },
    cwd: options.cwd,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  let news = Promise.withResolvers<void>();
  let isOver = false;
  (async () => {
    let rest = "";
    for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + piece).split("\n");
      rest = parts.pop()!;
      lines.push(...parts);
      news.resolve();
      news = Promise.withResolvers();
    }
    isOver = true;
    news.resolve();
  })();
  const ended = child.status.then(({ code, signal }) => signal ?? code);
  return {
    child,
    lines,
    ended,
    async line(pattern) {
      for (;;) {
        const found = lines.find((line) => pattern.test(line));
        if (found !== undefined) return found;
        if (isOver) throw new Error(`Nothing told matches ${pattern}:\n${lines.join("\n")}`);
        await news.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch { /* it has ended */ }
      await ended;
      await child.stdin.abort().catch(() => {});
      await child.stdout.cancel().catch(() => {});
    },
  };
}

export interface StdioGateway extends GatewayProcess {
  client: Client;
  /** Resolves at the next notification of that method. */
  hears(method: string): Promise<void>;
}

/** A stdio gateway with its client. */
export async function stdioGateway(
  args: string[],
  options: GatewayProcessOptions & { capabilities?: ClientCapabilities },
): Promise<StdioGateway> {
  const process = gatewayProcess(args, options);
  const { stdout: readable, stdin: writable } = process.child;
  const client = new Client({ name: "test", version: "1" }, { capabilities: options.capabilities ?? {} });
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  client.fallbackNotificationHandler = ({ method }) => {
    waiting.get(method)?.resolve();
    waiting.delete(method);
    return Promise.resolve();
  };
  await client.connect(new LineTransport({ readable, writable, close() {}, log() {} }));
  return Object.assign(process, {
    client,
    hears(method: string) {
      const one = waiting.get(method) ?? Promise.withResolvers<void>();
      waiting.set(method, one);
      return one.promise;
    },
  });
}

/** A message as a line. */
export const messageLine = (message: Record<string, unknown>) =>
  `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`;

const greeting = messageLine({
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "script", version: "1" } },
}) + messageLine({ method: "notifications/initialized" });

/** A stdio gateway whose client greets it with id 1, writes the lines of `text`, and no more, as a script does. */
export async function scriptedGateway(
  text: string,
  args: string[],
  options: GatewayProcessOptions,
): Promise<GatewayProcess> {
  const gateway = gatewayProcess(args, options);
  const writer = gateway.child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(greeting + text));
  await writer.close();
  return gateway;
}
