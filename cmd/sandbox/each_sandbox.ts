/** Commands that do the same to several sandboxes: each name that was done is printed, failures at the end. */
import type { Context } from "../../core/cli/command.ts";
import { printError } from "../../core/cli/run_command.ts";
import { listSandboxes, resolveSandbox } from "../../core/sandbox/find.ts";
import type { Sandbox } from "../../core/sandbox/sandbox.ts";
import type { World } from "../../core/sandbox/world.ts";

/** The exit code: 1 when something failed, for the others are still done. */
export async function eachSandbox(
  { world, context, words }: { world: World; context: Context; words: string[] },
  work: (sandbox: Sandbox) => Promise<unknown>,
): Promise<number> {
  const all = await listSandboxes(world.docker);
  const failures: unknown[] = [];
  await Promise.all([...new Set(words)].map(async (word) => {
    try {
      await work(resolveSandbox(all, word));
      await context.out(`${word}\n`);
    } catch (error) {
      failures.push(error);
    }
  }));
  for (const error of failures) await printError(error, context);
  return failures.length > 0 ? 1 : 0;
}
