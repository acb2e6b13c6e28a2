/**
 * The MCP gateway of the executable: what it adds to a call, how soon it lists, what it needs of memory, how soon it
 * starts, and code mode against a container a script. Prints a table; `--write` adds it to tests/bench/RESULTS.md.
 *
 *   deno run -A tests/bench/mcp/main.ts [--rounds 10] [--only calls,lists,memory,start,code] [--peer FILE] [--write]
 *
 * `--peer` is Docker's own gateway, beside which it is measured then (docker_gateway.ts).
 * Needs the docker CLI, node and dist/skiff (`deno task build`).
 */
import { parseArgs } from "node:util";
import { endTestDockers } from "../../support/docker.ts";
import { findExecutable } from "../../support/executable.ts";
import { type Row, table } from "../report.ts";
import { codeMode } from "./code_mode.ts";
import { callTime } from "./call_time.ts";
import { dockerGateway } from "./docker_gateway.ts";
import { listTime } from "./list_time.ts";
import { memory } from "./memory.ts";
import { startTime } from "./start_time.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "10" },
    only: { type: "string" },
    peer: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const executable = await findExecutable();
const measures: Record<string, (executable: string, rounds: number) => Promise<Row[]>> = {
  calls: callTime,
  lists: listTime,
  memory,
  start: startTime,
  code: codeMode,
  docker: (executable, rounds) => dockerGateway(executable, rounds, values.peer),
};
const all = Object.keys(measures).filter((name) => name !== "docker" || values.peer !== undefined);
const wanted = values.only?.split(",") ?? all;
const rows: Row[] = [];
try {
  for (const name of wanted) rows.push(...await measures[name](executable, rounds));
} finally {
  if (!Deno.env.get("DOCKER_HOST") && !Deno.env.get("SKIFF_TEST_DOCKER_HOST")) await endTestDockers();
}
const command = `deno run -A tests/bench/mcp/main.ts ${
  Deno.args.filter((arg) => arg !== "--write").join(" ")
}`;
const text = await table(rows, command.trim(), "peer: as the row says");
console.log(text);
if (values.write) {
  const path = new URL("../RESULTS.md", import.meta.url);
  await Deno.writeTextFile(path, `\n${text}`, { append: true });
}
