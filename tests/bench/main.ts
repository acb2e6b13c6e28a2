/**
 * `deno task bench`: the executable against llama-server on the same file, threads and prompts, through HTTP,
 * both in one run and by turns. Prints a table of ratios; `--write` adds it to tests/bench/RESULTS.md.
 *
 *   deno task bench [--rounds 5] [--threads 2] [--only decode,prompt,streams,turn,grammar,cold,start,size,memory] [--write]
 */
import { parseArgs } from "node:util";
import { smollm2 } from "../support/models.ts";
import { comparisons } from "./comparisons.ts";
import { measureIdle, measureSize, measureStartUp } from "./executable.ts";
import { type Row, table } from "./report.ts";
import { makeHome, type ServerOptions, startPeer, startSkiff } from "./servers.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    only: { type: "string" },
    write: { type: "boolean", default: false },
    executable: { type: "string", default: new URL("../../dist/skiff", import.meta.url).pathname },
  },
});
const wanted = (name: string) => !values.only || values.only.split(",").includes(name);
const rounds = Number(values.rounds);
const options: ServerOptions = {
  modelPath: await smollm2(),
  threads: Number(values.threads),
  parallel: 8,
  context: 4096,
};

const home = await makeHome(values.executable, options);
const rows: Row[] = [];
try {
  if (wanted("start")) rows.push(await measureStartUp(values.executable, rounds * 4));
  if (wanted("size")) rows.push(await measureSize(values.executable));
  if (wanted("memory")) rows.push(await measureIdle(home));
  if (wanted("cold")) rows.push(await comparisons.cold(home, options, rounds));
  if (wanted("grammar")) {
    const skiff = await startSkiff(home);
    try {
      rows.push(await comparisons.grammar(skiff, rounds));
    } finally {
      await skiff.stop();
    }
  }
  const names = (["decode", "prompt", "streams", "turn"] as const).filter(wanted);
  if (names.length > 0) {
    const peer = await startPeer(options);
    const skiff = await startSkiff(home);
    try {
      for (const name of names) rows.push(await comparisons[name](skiff, peer, rounds));
    } finally {
      await skiff.stop();
      await peer.stop();
    }
  }
} finally {
  await Deno.remove(home.home, { recursive: true });
}

const text = await table(
  rows,
  `deno task bench ${Deno.args.filter((arg) => arg !== "--write").join(" ")}`.trim(),
);
console.log(text);
if (values.write) {
  const path = new URL("./RESULTS.md", import.meta.url);
  await Deno.writeTextFile(path, `\n${text}`, { append: true });
}
