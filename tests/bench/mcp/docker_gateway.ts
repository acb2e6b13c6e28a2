/**
 * The gateway beside Docker's own (github.com/docker/mcp-gateway), which `--peer` names: the same server in the same
 * image on the same Engine, the same client of the SDK. Docker's runs as it does by default, a container a call, and
 * with `--long-lived`, which keeps one. Build it with Go: `go build -mod=mod ./cmd/docker-mcp` in its repository.
 */
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";
import { testDocker } from "../../support/docker.ts";
import { referenceServer, referenceServersImage } from "../../support/mcp/reference_servers.ts";
import { median, type Row } from "../report.ts";
import { residentBytes } from "../servers.ts";
import { serverArguments } from "./bench_server.ts";
import { timesOfCalls } from "./call_time.ts";
import { connect, type Connected, type GatewayHome, gatewayHome, type Program } from "./gateway_home.ts";

const ownMs = 1500;

export async function dockerGateway(executable: string, rounds: number, peer?: string): Promise<Row[]> {
  if (!peer) throw new Error("Say where Docker's gateway is: --peer FILE");
  const docker = await testDocker();
  const connection = await docker.open();
  const image = await referenceServersImage(connection).finally(() => connection.close());
  const [node] = referenceServer("everything");
  const entry: ServerEntry = {
    name: "bare",
    type: "server",
    image,
    command: [node, ...serverArguments({ name: "bare" })],
  };
  await using home = await gatewayHome({ executable, entries: [entry], host: docker.host });
  await prepare(home, docker.host);
  const theirs = (...flags: string[]) => peerGateway(home, peer, flags);
  return [
    ...await starts(home, theirs(), rounds),
    await calls(home, { name: "as it comes", peer: theirs(), callers: 1 }),
    await calls(home, { name: "`--long-lived`", peer: theirs("--long-lived"), callers: 1 }),
    await calls(home, { name: "`--long-lived`", peer: theirs("--long-lived"), callers: 32 }),
    await memory(home, theirs("--long-lived")),
  ];
}

/** From the start of the process to the tools, as a client sees it that starts the gateway. */
async function starts(home: GatewayHome, peer: Program, rounds: number): Promise<Row[]> {
  const until = async (program: Program) => {
    const start = performance.now();
    await using gateway = await connect(program, home.env);
    for (;;) { // Docker's may answer with an empty list before its servers have
      const { tools } = await gateway.client.listTools();
      if (tools.some(({ name }) => name === "echo")) return performance.now() - start;
    }
  };
  const times = { cold: [] as number[], warm: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < Math.max(3, rounds / 2); round++) {
    await Deno.remove(`${home.folder}/.cache/skiff`, { recursive: true }).catch(() => {});
    times.cold.push(await until(home.gateway(["bare"])));
    times.warm.push(await until(home.gateway(["bare"])));
    times.theirs.push(await until(peer));
  }
  return [
    row("tools listed, from the start of the process, nothing known", "ms", times.cold, times.theirs),
    row("tools listed, from the start of the process", "ms", times.warm, times.theirs),
  ];
}

async function calls(
  home: GatewayHome,
  { name, peer, callers }: { name: string; peer: Program; callers: number },
): Promise<Row> {
  await using ours = await connect(home.gateway(["bare"]), home.env);
  await using theirs = await connect(peer, home.env);
  const times: Record<"ours" | "theirs", number[]> = { ours: [], theirs: [] };
  const sides: [Connected, number[]][] = [[ours, times.ours], [theirs, times.theirs]];
  for (const [connected] of sides) await timesOfCalls(connected, callers, ownMs); // what is hot gets compiled
  for (const [connected, times] of sides) times.push(...await timesOfCalls(connected, callers, ownMs));
  return row(
    `a call, ${callers === 1 ? "1 caller" : `${callers} callers`}; ${name}`,
    "ms",
    times.ours,
    times.theirs,
  );
}

/** Of the gateway and of all that it runs on this machine; the servers are the Engine's. */
async function memory(home: GatewayHome, peer: Program): Promise<Row> {
  const after = async (program: Program) => {
    await using gateway = await connect(program, home.env);
    await timesOfCalls(gateway, 1, ownMs);
    const pids = await withDescendants(gateway.pid);
    const bytes = await Promise.all(pids.map(residentBytes));
    return bytes.reduce((sum, one) => sum + one, 0) / 1e6;
  };
  const [ours, theirs] = [await after(home.gateway(["bare"])), await after(peer)];
  return row("memory with one server, of all its processes", "MB", [ours], [theirs], 2);
}

function row(name: string, unit: string, ours: number[], theirs: number[], atMost = 1): Row {
  return {
    name: `Docker's gateway: ${name}`,
    unit,
    ours: median(ours),
    theirs: median(theirs),
    bound: { atMost },
  };
}

/** Its catalog where it alone takes catalogs from, and the Engine where its `docker run` finds it. */
async function prepare({ folder, env }: GatewayHome, host: string): Promise<void> {
  await Deno.mkdir(`${folder}/.docker/mcp/catalogs`, { recursive: true });
  await Deno.copyFile(`${folder}/catalog.yaml`, `${folder}/.docker/mcp/catalogs/bench.yaml`);
  for (const args of [["create", "bench", "--docker", `host=${host}`], ["use", "bench"]]) {
    const { DOCKER_HOST: _, ...rest } = env;
    const { success, stderr } = await new Deno.Command("docker", {
      args: ["context", ...args],
      env: rest,
      clearEnv: true,
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }
}

function peerGateway({ folder }: GatewayHome, peer: string, flags: string[]): Program {
  const own = ["--catalog", "bench.yaml", "--servers", "bare", "--secrets", `${folder}/none.env`];
  const off = ["--verify-signatures=false", "--watch=false"]; // as the other's defaults are
  // Without Docker Desktop, which it looks for otherwise.
  return {
    command: "env",
    args: ["DOCKER_MCP_IN_CONTAINER=1", peer, "gateway", "run", ...own, ...off, ...flags],
  };
}

async function withDescendants(pid: number): Promise<number[]> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  const pids = children.trim() === "" ? [] : children.trim().split(" ").map(Number);
  return [pid, ...(await Promise.all(pids.map(withDescendants))).flat()];
}
