/**
 * SmolLM2 itself answers the real agents: their presets leave a prompt that fits its 8,192 tokens. Of tools it
 * makes calls that parse and mean nothing, one after the other, so here the user's own flags take them away.
 */
import { equal, match } from "node:assert/strict";
import { findAgent } from "../../../../core/sandbox/agents/mod.ts";
import { agentPart } from "../../../support/agent_template.ts";
import { withAgentSandbox } from "../../../support/agent_sandbox.ts";
import { localService } from "../../../support/local_service.ts";
import { smollm2 } from "../../../support/models.ts";
import { realTest } from "../../../support/parts.ts";

const question = "What is a whale? Answer with one short sentence.";
const rows = [
  { name: "codex", args: ["--disable", "shell_tool", "--disable", "unified_exec", "exec", question] },
  { name: "claude", args: ["--tools", "", "-p", question] },
];

for (const { name, args } of rows) {
  const needs = async () => ({ part: await agentPart(name)(), file: await smollm2() });
  realTest(`${name} on SmolLM2: plain text comes back`, needs, async ({ part, file }) => {
    await using service = await localService("smollm2", file);
    const model = { name: "ai/smollm2", contextTokens: 8192, parameters: 134.5e6 };
    await withAgentSandbox(part, findAgent(name), { server: service.url, model }, async (sandbox) => {
      const { code, stdout, stderr } = await sandbox.run(args);
      equal(code, 0, `${stdout}\n${stderr}`);
      match(stdout.trim(), /\w{2,}/, stderr);
    });
  });
}
