/**
 * How skiff starts another process of itself: the compiled executable is its own command; from a checkout
 * it is `deno run … main.ts`.
 */
import { groupOf, ownName } from "./called_as.ts";

/** True in an executable made by `deno compile`. */
export const isCompiled: boolean = Deno.build.standalone;

/** V8 flags of every skiff process: the WebGPU and llama engines collect on their own schedule. */
export const v8Flags = "--expose-gc";

/** Program and arguments that run skiff with `args`. Never go through node:child_process (docs/architecture.md). */
export function selfCommand(args: string[]): { program: string; args: string[] } {
  if (isCompiled) {
    const program = Deno.execPath();
    return { program, args: groupOf(program) ? [ownName, ...args] : args };
  }
  const main = new URL("../../main.ts", import.meta.url);
  const flags = [
    "run",
    "-A",
    "--quiet",
    "--unstable-webgpu",
    "--unstable-no-legacy-abort",
    "--unstable-raw-imports",
    "--unstable-worker-options",
    `--v8-flags=${v8Flags}`,
  ];
  return { program: Deno.execPath(), args: [...flags, main.pathname, ...args] };
}
