/** Command lines of MCP clients that come as npm packages, with a Node that is new enough for them. */
import { npmInstall } from "../npm_packages.ts";
import { part } from "../parts.ts";

const packages = [
  "node@22.23.3",
  "@google/gemini-cli@0.61.0",
  "@continuedev/cli@1.5.47",
  "opencode-linux-x64@1.18.33",
];

const programs = {
  gemini: ["node/bin/node", "@google/gemini-cli/bundle/gemini.js"],
  continue: ["node/bin/node", "@continuedev/cli/dist/cn.js"],
  opencode: ["opencode-linux-x64/bin/opencode"],
};

export type ClientProgram = keyof typeof programs;

/** The command of a client, of this machine. */
export async function clientProgram(name: ClientProgram): Promise<string[]> {
  const folder = await part("mcp/clients-1", (target) => npmInstall(target, packages, ["--omit=optional"]));
  return programs[name].map((path) => `${folder}/node_modules/${path}`);
}
