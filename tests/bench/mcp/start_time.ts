/** How soon a client that starts the gateway has its handshake, against a bare server in node and `skiff --version`. */
import { median, type Row } from "../report.ts";
import { serverArguments } from "./bench_server.ts";
import { connect, gatewayHome, type Program } from "./gateway_home.ts";

/** Over a bare server, and over the start of the executable: its languages and schemas take their time to load. */
const mostMore = 75;

export async function startTime(executable: string, rounds: number): Promise<Row[]> {
  const bare = { command: "node", args: serverArguments({ name: "tiny" }) };
  const entry = { name: "tiny", type: "local" as const, command: [bare.command, ...bare.args] };
  await using home = await gatewayHome({ executable, entries: [entry] });
  const handshake = async (program: Program) => {
    const start = performance.now();
    await using _ = await connect(program, home.env);
    return performance.now() - start;
  };
  const version = async () => {
    const start = performance.now();
    await new Deno.Command(executable, { args: ["--version"], env: home.env, stdin: "null" }).output();
    return performance.now() - start;
  };
  const times = { gateway: [] as number[], version: [] as number[], bare: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.gateway.push(await handshake(home.gateway(["tiny"])));
    times.version.push(await version());
    times.bare.push(await handshake(bare));
  }
  const row = (name: string, theirs: number[]): Row => ({
    name: `initialize answered, from the start of \`gateway run\`; ${name}`,
    unit: "ms",
    ours: median(times.gateway),
    theirs: median(theirs),
    bound: { atMostPlus: mostMore },
  });
  return [row("`skiff --version`", times.version), row("of a bare server in node", times.bare)];
}
