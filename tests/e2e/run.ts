/** The end-to-end tests, on the compiled executable (`deno task build` makes it). Ends with a line of counts. */
import { endTestDockers } from "../support/docker.ts";
import { runDenoTests, summaryLine } from "../support/test_run.ts";

const filters = Deno.args.filter((arg) => !arg.startsWith("-"));
const counts = await runDenoTests({
  paths: filters.length > 0 ? filters : ["tests/e2e"],
  flags: Deno.args.filter((arg) => arg.startsWith("-")),
});
await endTestDockers();
console.log(summaryLine(counts));
if (counts.failed > 0 || counts.passed === 0) Deno.exit(1);
