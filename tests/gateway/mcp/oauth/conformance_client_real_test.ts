/** The official conformance suite's client scenarios, against the gateway's side that faces remote servers. */
import { deepEqual, equal } from "node:assert/strict";
import { conformanceSuite, runConformance } from "../../../support/mcp/conformance_suite.ts";
import { realTest } from "../../../support/parts.ts";

const program = new URL("../../../support/mcp/conformance_client.ts", import.meta.url).pathname;
const configuration = new URL("../../../../deno.json", import.meta.url).pathname;
const command = `${Deno.execPath()} run -A --no-check --quiet --config ${configuration} ${program}`;
const timeout = ["--timeout", "240000"];

/** Scenarios of a suite run at once; the one that watches a clock must not be among them. */
const suites = { auth: 14, backcompat: 2, draft: 3, extensions: 3 };
const alone = ["initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry"];

realTest(
  "every client scenario of the conformance suite passes through the gateway",
  conformanceSuite,
  async (folder, t) => {
    for (const [suite, count] of Object.entries(suites)) {
      await t.step(`suite ${suite}`, async () => {
        const args = ["client", "--command", command, "--suite", suite, ...timeout];
        const { code, text, errors } = await runConformance(folder, args);
        const scenarios = [...text.matchAll(/^(\S) (auth\/[\w-]+): (\d+) passed, (\d+) failed(.*)$/gm)];
        const failed = scenarios.filter(([, mark, , , failed, warned]) =>
          mark !== "✓" || failed !== "0" || warned
        );
        deepEqual(failed.map(([line]) => line), [], errors);
        equal(scenarios.length, count, text);
        equal(code, 0);
      });
    }
    for (const scenario of alone) {
      await t.step(scenario, async () => {
        const args = ["client", "--command", command, "--scenario", scenario, ...timeout];
        const { code, errors } = await runConformance(folder, args);
        equal(code, 0, errors);
      });
    }
  },
);
