/**
 * One tool call through the gateway against the same server without it, both by the SDK's stdio client: what a user
 * would have put into a client's configuration instead. Rounds alternate; one server is warm for all of them.
 */
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";
import { testDocker } from "../../support/docker.ts";
import { referenceServer, referenceServersImage } from "../../support/mcp/reference_servers.ts";
import { percentile, type Row } from "../report.ts";
import { serverArguments } from "./bench_server.ts";
import { connect, type Connected, gatewayHome, type Program } from "./gateway_home.ts";

const mostAtMedian = 1;
const mostAtTail = 5;
/** Of one side in one round. */
const roundMs = 400;

interface Case {
  name: string;
  entry: ServerEntry;
  direct: Program;
  host?: string;
}

async function cases(): Promise<Case[]> {
  const docker = await testDocker();
  const connection = await docker.open();
  const image = await referenceServersImage(connection).finally(() => connection.close());
  const tiny = serverArguments({ name: "tiny" });
  const [node, everything] = referenceServer("everything");
  const inContainer = (what: string, name: string, command: string[]): Case => ({
    name: `${what} in a container (direct: \`docker run -i\`)`,
    entry: { name, image, command },
    direct: {
      command: "docker",
      args: ["run", "-i", "--rm", "--init", "--cpus", "1", "--memory", "2g", image, ...command],
    },
    host: docker.host,
  });
  return [
    {
      name: "a bare echo, local",
      entry: { name: "tiny", type: "local", command: ["node", ...tiny] },
      direct: { command: "node", args: tiny },
    },
    inContainer("a bare echo", "bare", [node, ...tiny]),
    inContainer("server-everything's echo", "everything", [node, everything]),
  ];
}

export async function callTime(executable: string, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const one of await cases()) rows.push(...await measure(one, executable, rounds));
  return rows;
}

async function measure(
  { name, entry, direct, host }: Case,
  executable: string,
  rounds: number,
): Promise<Row[]> {
  await using home = await gatewayHome({ executable, entries: [entry], host });
  await using theirs = await connect(direct, home.env);
  await using ours = await connect(home.gateway([entry.name]), home.env);
  const rows: Row[] = [];
  for (const callers of [1, 32]) {
    const times = await alternate(ours, theirs, { callers, rounds });
    const row = (part: number, most: number): Row => ({
      name: `${name}: ${callers === 1 ? "1 caller" : `${callers} callers`}, p${part * 100}`,
      unit: "ms",
      ours: percentile(times.ours, part),
      theirs: percentile(times.theirs, part),
      bound: { atMostPlus: most },
    });
    rows.push(row(0.5, mostAtMedian), row(0.99, mostAtTail));
  }
  return rows;
}

async function alternate(
  ours: Connected,
  theirs: Connected,
  { callers, rounds }: { callers: number; rounds: number },
) {
  const sides = [{ connected: ours, times: [] as number[] }, { connected: theirs, times: [] as number[] }];
  for (const { connected } of sides) await timesOfCalls(connected, callers, 3 * roundMs); // compiles what is hot
  for (let round = 0; round < rounds; round++) {
    for (const { connected, times } of round % 2 ? sides.toReversed() : sides) {
      times.push(...await timesOfCalls(connected, callers, roundMs));
    }
  }
  return { ours: sides[0].times, theirs: sides[1].times };
}

/** Milliseconds of each call that `callers` make in a time. */
export async function timesOfCalls({ client }: Connected, callers: number, ms: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  await Promise.all(Array.from({ length: callers }, async () => {
    while (performance.now() < end) {
      const start = performance.now();
      await client.callTool({ name: "echo", arguments: { message: "hello" } });
      times.push(performance.now() - start);
    }
  }));
  return times;
}
