/** The official conformance suite, with the Node that it needs. */
import { npmInstall } from "../npm_packages.ts";
import { part } from "../parts.ts";

/** Its folder. */
export async function conformanceSuite(): Promise<string> {
  return await part("mcp/conformance-0.1.16", async (target) => {
    const packages = ["node@22.23.3", "@modelcontextprotocol/conformance@0.1.16"];
    await npmInstall(target, packages);
  });
}

/** What it printed, and its exit code. */
export async function runConformance(
  folder: string,
  args: string[],
): Promise<{ code: number; text: string; errors: string }> {
  const { code, stdout, stderr } = await new Deno.Command(`${folder}/node_modules/node/bin/node`, {
    args: [`${folder}/node_modules/@modelcontextprotocol/conformance/dist/index.js`, ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout), errors: decoder.decode(stderr) };
}
