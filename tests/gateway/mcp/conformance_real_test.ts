/** The official conformance suite's server scenarios, against the gateway in front of a conforming server. */
import { deepEqual, equal } from "node:assert/strict";
import { httpFront } from "../../../gateway/mcp/gateway/http.ts";
import { commandOutput } from "../../support/command.ts";
import { fixtureServer, testGateway } from "../../support/mcp/fixture.ts";
import { part, realTest } from "../../support/parts.ts";

/** Folder with the suite and the Node that it needs. */
async function conformanceSuite(): Promise<string> {
  return await part("mcp/conformance-0.1.16", async (target) => {
    const packages = ["node@22.23.3", "@modelcontextprotocol/conformance@0.1.16"];
    await commandOutput("npm", [
      "install",
      "--no-audit",
      "--no-fund",
      "--silent",
      "--prefix",
      target,
      ...packages,
    ]);
  });
}

realTest(
  "every server scenario of the conformance suite passes through the gateway",
  conformanceSuite,
  async (folder) => {
    await using test = testGateway([fixtureServer()]);
    const front = httpFront(test.gateway, { transport: "streaming", public: false, hosts: [] });
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, front.fetch);
    const { code, stdout } = await new Deno.Command(`${folder}/node_modules/node/bin/node`, {
      args: [
        `${folder}/node_modules/@modelcontextprotocol/conformance/dist/index.js`,
        "server",
        "--url",
        `http://127.0.0.1:${server.addr.port}/mcp`,
        "--suite",
        "all",
      ],
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = new TextDecoder().decode(stdout);
    const summary = text.slice(text.indexOf("=== SUMMARY ==="));
    const scenarios = [...summary.matchAll(/^(\S) ([\w-]+): (\d+) passed, (\d+) failed/gm)];
    deepEqual(
      scenarios.filter(([, mark, , , failed]) => mark !== "✓" || failed !== "0").map(([line]) => line),
      [],
    );
    equal(scenarios.length, 32);
    equal(code, 0);
    await front.close();
  },
);
