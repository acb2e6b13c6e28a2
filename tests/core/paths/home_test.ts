/** The home folder of a process that was started without HOME, as MCP clients do it. */
import assert from "node:assert/strict";
import { userInfo } from "node:os";

const module = new URL("../../../core/paths/home.ts", import.meta.url).href;

async function homeOf(env: Record<string, string>): Promise<string> {
  const program =
    `import { ensureHome } from "${module}"; await ensureHome(); console.log(Deno.env.get("HOME"));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
    clearEnv: true,
    env,
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("without HOME it is the folder of the user whose process it is; one that is set stays", async () => {
  assert.equal(await homeOf({}), userInfo().homedir);
  assert.equal(await homeOf({ HOME: "/somewhere" }), "/somewhere");
});
