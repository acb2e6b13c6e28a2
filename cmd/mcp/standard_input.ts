/** What comes in through stdin. */
import type { Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";

/** All of stdin without the line end that `echo` adds. Throws "usage" at a terminal: values are not typed there. */
export async function readInput(context: Context, example: string): Promise<string> {
  if (context.stdinIsTerminal) {
    throw new SkiffError("usage", "Nothing comes in through stdin", { hint: `Pipe it in: ${example}` });
  }
  const text = await new Response(Deno.stdin.readable).text();
  return text.replace(/\r?\n$/, "");
}
