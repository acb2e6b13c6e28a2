/**
 * tools/list of 40 servers with 500 tools. From a cold cache the gateway can answer when the slowest server has: each
 * says in its tools' descriptions when that was. From a warm cache it starts none of them.
 */
import { median, type Row } from "../report.ts";
import { serverArguments } from "./bench_server.ts";
import { connect, gatewayHome } from "./gateway_home.ts";

const servers = 40;
const tools = 500;
/** By then the others have started: a machine of two cores starts 40 programs one after the other. */
const slowestMs = 4000;
const mostAfterSlowest = 50;
const mostWarm = 50;

export async function listTime(executable: string, rounds: number): Promise<Row[]> {
  const names = Array.from({ length: servers }, (_, i) => `server-${i}`);
  const entries = names.map((name, i) => ({
    name,
    type: "local" as const,
    command: [
      "node",
      ...serverArguments({ name, tools: toolsOf(i), delayMs: i === servers - 1 ? slowestMs : 0 }),
    ],
  }));
  const times = { cold: [] as number[], warm: [] as number[], fromStart: [] as number[] };
  for (let round = 0; round < Math.max(1, Math.round(rounds / 4)); round++) {
    await using home = await gatewayHome({ executable, entries });
    {
      await using gateway = await connect(home.gateway(names), home.env);
      const listed = (await gateway.client.listTools()).tools;
      times.cold.push(
        Date.now() - Math.max(...listed.map(({ description }) => Number(description!.split("@")[1]))),
      );
      if (listed.length !== tools) throw new Error(`${listed.length} tools were listed`);
    }
    for (let i = 0; i < 4; i++) {
      const start = performance.now();
      await using gateway = await connect(home.gateway(names), home.env);
      const asked = performance.now();
      const listed = (await gateway.client.listTools()).tools;
      times.warm.push(performance.now() - asked);
      times.fromStart.push(performance.now() - start);
      if (listed.length !== tools) throw new Error(`${listed.length} tools were listed`);
    }
  }
  const row = (name: string, values: number[], limit: number): Row => ({
    name: `tools/list, ${servers} servers, ${tools} tools: ${name}`,
    unit: "ms",
    ours: median(values),
    bound: { limit },
  });
  return [
    row("cold cache, after the slowest server's answer", times.cold, mostAfterSlowest),
    row("warm cache", times.warm, mostWarm),
    row("warm cache, from the start of the process", times.fromStart, 250),
  ];
}

const toolsOf = (server: number) =>
  Math.floor((server + 1) * tools / servers) - Math.floor(server * tools / servers);
