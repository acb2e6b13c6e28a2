/**
 * `deno task test`: all tests of the rooms, those on real parts included. Parts are provisioned by the tests
 * that need them. Ends with a line `N passed, N failed, N skipped`.
 */
import { endTestDockers } from "./docker.ts";
import { runDenoTests, summaryLine } from "./test_run.ts";

const filters = Deno.args.filter((arg) => !arg.startsWith("-"));
const counts = await runDenoTests({
  paths: filters.length > 0 ? filters : ["tests"],
  ignore: ["tests/e2e", "tests/bench"],
  flags: Deno.args.filter((arg) => arg.startsWith("-")),
});
await endTestDockers();
console.log(summaryLine(counts));
if (counts.failed > 0 || counts.passed === 0) Deno.exit(1);
