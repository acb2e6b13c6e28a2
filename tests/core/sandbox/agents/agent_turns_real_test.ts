/**
 * The real agents in a sandbox without a network complete turns with shell calls, through skiff's own server.
 * The model is a script there: what a capable model would do. Another test lets SmolLM2 answer.
 */
import { equal, match, ok } from "node:assert/strict";
import { findAgent } from "../../../../core/sandbox/agents/mod.ts";
import { agentPart } from "../../../support/agent_template.ts";
import { withAgentSandbox } from "../../../support/agent_sandbox.ts";
import { realTest } from "../../../support/parts.ts";
import { chatsOf, commandingHost, shellTools } from "../../../support/scripted_agent_model.ts";
import { scriptedService } from "../../../support/scripted_service.ts";

/** Context and parameters -> most bytes of tools and prompt that the agent may send with its first request. */
const sizes = [
  { size: "short", contextTokens: 8192, parameters: 135e6 },
  { size: "reduced", contextTokens: 32_768, parameters: 8e9 },
  { size: "full", contextTokens: 131_072, parameters: 70e9 },
];

const rows = [
  {
    name: "codex",
    args: ["exec", "Make it, then read it."],
    most: { short: 4_000, reduced: 7_500, full: 60_000 },
  },
  {
    name: "claude",
    args: ["-p", "Make it, then read it."],
    most: { short: 4_000, reduced: 12_000, full: 70_000 },
  },
  {
    name: "opencode",
    args: ["run", "Make it, then read it."],
    most: { short: 7_000, reduced: 12_000, full: 60_000 },
  },
];

const commands = ["printf 'made inside by %s' $(id -u) > made.txt", "cat made.txt"];

for (const { name, args, most } of rows) {
  const agent = findAgent(name);
  const shell = shellTools[name];
  for (const { size, ...model } of sizes) {
    realTest(
      `${name} with a ${size} prompt: two shell calls, their results, an answer`,
      agentPart(name),
      async (part) => {
        const host = commandingHost(shell, commands);
        const service = await scriptedService(host);
        try {
          await withAgentSandbox(part, agent, {
            server: service.url,
            model: { name: "ai/smollm2", ...model },
          }, async (sandbox) => {
            const { code, stdout, stderr } = await sandbox.run(args);
            equal(code, 0, `${stdout}\n${stderr}`);
            match(stdout, /printed:[^]*made inside by 1000/);
            equal(await Deno.readTextFile(`${sandbox.workspace}/made.txt`), "made inside by 1000");
            equal((await Deno.stat(`${sandbox.workspace}/made.txt`)).uid, 1000);
          });
        } finally {
          await service.close();
        }
        const first = chatsOf(host).find(({ tools }) => tools?.some(({ name }) => name === shell.tool))!;
        const bytes = JSON.stringify(first.messages).length + JSON.stringify(first.tools).length;
        ok(bytes < most[size as keyof typeof most], `${bytes} bytes of prompt`);
      },
    );
  }

  realTest(`${name}: the user's own --model wins`, agentPart(name), async (part) => {
    const host = commandingHost(shell, []);
    const service = await scriptedService(host);
    try {
      const model = { name: "ai/smollm2", contextTokens: 8192 };
      await withAgentSandbox(part, agent, { server: service.url, model }, async (sandbox) => {
        const own = name === "opencode" ? ["--model", "skiff/ai/nowhere"] : ["--model", "ai/nowhere"];
        const { code, stdout, stderr } = await sandbox.run([args[0], ...own, args[1]]);
        if (name !== "opencode") match(stdout + stderr, /nowhere/); // opencode says "UnknownError"
        ok(code !== 0, `${stdout}\n${stderr}`);
        equal(host.requests.length, 0);
      });
    } finally {
      await service.close();
    }
  });
}
