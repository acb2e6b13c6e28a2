/** Runs programs that tests need (build tools, Debian's), to their end. */
import { patiently } from "../../build/registry_fetch.ts";

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: Uint8Array;
  /** Who runs it; default this process's user. */
  user?: { uid: number; gid: number };
}

/** Its standard output. Throws with the end of what it wrote to standard error when it fails. */
export async function commandOutput(
  program: string,
  args: string[],
  { cwd, env, stdin, user }: CommandOptions = {},
): Promise<string> {
  const child = new Deno.Command(program, {
    args,
    cwd,
    env,
    ...user,
    stdin: stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin) await new Blob([stdin as Uint8Array<ArrayBuffer>]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  if (code === 0) return new TextDecoder().decode(stdout);
  const text = new TextDecoder().decode(stderr).trim() || new TextDecoder().decode(stdout).trim();
  throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${text.slice(-1500)}`);
}

/** The same of a program that asks package registries, which may be out of reach for a while: it is run again. */
export function registryCommand(...order: Parameters<typeof commandOutput>): Promise<string> {
  return patiently(() => commandOutput(...order));
}
