/**
 * The Engine client against the docker CLI, by turns in one run, on the tests' Engine. Prints a table of
 * ratios; `--write` adds it to tests/bench/RESULTS.md.
 *
 *   deno run -A tests/bench/docker/main.ts [--rounds 7] [--write]
 */
import { parseArgs } from "node:util";
import { endTestDockers, testDocker } from "../../support/docker.ts";
import { busyboxImage } from "../../support/docker_images.ts";
import { testContainer } from "../../support/engine_test.ts";
import { type Row, table } from "../report.ts";
import { comparisons } from "./comparisons.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { rounds: { type: "string", default: "7" }, write: { type: "boolean", default: false } },
});
const rounds = Number(values.rounds);
const { host, env, open } = await testDocker();
const rows: Row[] = [];
try {
  using docker = await open();
  const engine = { docker, host, env, image: await busyboxImage(docker), unique: () => crypto.randomUUID() };
  await using container = await testContainer(engine);
  for (const compare of Object.values(comparisons)) {
    rows.push(await compare({ ...engine, container: container.id }, rounds));
  }
} finally {
  if (!Deno.env.get("DOCKER_HOST") && !Deno.env.get("SKIFF_TEST_DOCKER_HOST")) await endTestDockers();
}
const text = await table(
  rows,
  "deno run -A tests/bench/docker/main.ts",
  "peer: the docker CLI on the same Engine",
);
console.log(text);
if (values.write) {
  const path = new URL("../RESULTS.md", import.meta.url);
  await Deno.writeTextFile(path, `\n${text}`, { append: true });
}
