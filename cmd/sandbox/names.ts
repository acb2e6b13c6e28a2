/** Names of sandboxes for shell completion. */
import type { Context } from "../../core/cli/command.ts";
import { listSandboxes } from "../../core/sandbox/find.ts";
import { openWorld } from "./engine.ts";

export async function sandboxNames(context: Context): Promise<string[]> {
  return (await listSandboxes((await openWorld(context)).docker)).map(({ name }) => name);
}
