/**
 * What the gateway needs of memory: as it waits, at its peak while resources of 100 MB and 10,000 calls go through it,
 * and what is left of that afterwards. The client here only counts bytes: the SDK's does not take such a resource.
 */
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";
import { testDocker } from "../../support/docker.ts";
import { referenceServer, referenceServersImage } from "../../support/mcp/reference_servers.ts";
import type { Row } from "../report.ts";
import { serverArguments } from "./bench_server.ts";
import { gatewayHome, type Program } from "./gateway_home.ts";

const megabytes = 100;
const resources = 2;
const calls = 10_000;
/** MB that may be left of all that. */
const mostLeft = 40;
const mostWaiting = 120;
/** Of the characters of an answer. */
const idWithin = 4096;
const newline = 10;

export async function memory(executable: string): Promise<Row[]> {
  const docker = await testDocker();
  const connection = await docker.open();
  const image = await referenceServersImage(connection).finally(() => connection.close());
  const args = serverArguments({ name: "tiny", megabytes });
  const [node] = referenceServer("everything");
  const local: ServerEntry = { name: "local", type: "local", command: ["node", ...args] };
  const contained: ServerEntry = { name: "contained", image, command: [node, ...args] };
  await using home = await gatewayHome({ executable, entries: [local, contained], host: docker.host });
  return [
    ...await through(home.gateway(["local"]), home.env, "a local server"),
    ...await through(home.gateway(["contained"]), home.env, "a server in a container"),
  ];
}

async function through(program: Program, env: Record<string, string>, name: string): Promise<Row[]> {
  await using client = new CountingClient(program, env);
  await client.ask("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "1" },
  });
  await client.tell("notifications/initialized");
  await client.ask("tools/list", {});
  await callMany(client, 1000);
  const before = await client.settled();
  await callMany(client, calls);
  const afterCalls = await client.settled();
  for (let i = 0; i < resources; i++) {
    const bytes = await client.ask("resources/read", { uri: "bench://large" });
    if (bytes < megabytes * 1e6) throw new Error(`The resource had ${bytes} bytes`);
  }
  const peak = (await status(client.pid)).VmHWM;
  const after = await client.settled();
  const row = (what: string, ours: number, limit: number): Row => ({
    name: `memory, ${name}: ${what}`,
    unit: "MB",
    ours,
    bound: { limit },
  });
  return [
    row("the gateway as it waits", before, mostWaiting),
    row(`more after ${calls} calls`, afterCalls - before, mostLeft),
    row(`peak with ${resources} resources of ${megabytes} MB`, peak, 9 * megabytes),
    row("more after them", after - before, mostLeft),
  ];
}

async function callMany(client: CountingClient, count: number): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (left-- > 0) await client.ask("tools/call", { name: "echo", arguments: { message: "hello" } });
  }));
}

/** MB of a process. */
async function status(pid: number): Promise<{ VmRSS: number; VmHWM: number }> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string) => Number(new RegExp(`${name}:\\s*(\\d+) kB`).exec(text)![1]) * 1024 / 1e6;
  return { VmRSS: field("VmRSS"), VmHWM: field("VmHWM") };
}

/** Sends requests and hears how many bytes their answers have. */
class CountingClient implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, (bytes: number) => void>();
  #nextId = 1;

  constructor({ command, args }: Program, env: Record<string, string>) {
    this.#child = new Deno.Command(command, {
      args,
      env,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#read();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async ask(method: string, params: unknown): Promise<number> {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.set(id, resolve);
    await this.#send({ jsonrpc: "2.0", id, method, params });
    return await promise;
  }

  async tell(method: string): Promise<void> {
    await this.#send({ jsonrpc: "2.0", method });
  }

  /** Resident MB, when they have stopped to change. */
  async settled(): Promise<number> {
    let last = 0;
    for (let same = 0; same < 10;) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const { VmRSS } = await status(this.pid);
      same = Math.abs(VmRSS - last) < 1 ? same + 1 : 0;
      last = VmRSS;
    }
    return last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }

  async #send(message: unknown): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
  }

  async #read(): Promise<void> {
    let start = "";
    let bytes = 0;
    for await (let piece of this.#child.stdout) {
      for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline)) {
        if (start.length < idWithin) {
          start += new TextDecoder().decode(piece.subarray(0, Math.min(end, idWithin)));
        }
        const id = Number(/"id":(\d+)/.exec(start)?.[1]);
        this.#waiting.get(id)?.(bytes + end);
        this.#waiting.delete(id);
        piece = piece.subarray(end + 1);
        start = "";
        bytes = 0;
      }
      if (start.length < idWithin) start += new TextDecoder().decode(piece.subarray(0, idWithin));
      bytes += piece.length;
    }
  }
}
