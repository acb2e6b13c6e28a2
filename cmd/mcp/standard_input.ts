/** What comes in through stdin. */
import type { Context } from "../../core/cli/command.ts";
import { interrupted, SkiffError } from "../../core/errors/skiff_error.ts";

/**
 * All of stdin without the line end that `echo` adds. Throws "usage" at a terminal, where nobody types so much, and
 * "invalid_input" for what is no UTF-8.
 */
export async function readInput(context: Context, example: string): Promise<string> {
  if (context.stdinIsTerminal) {
    throw new SkiffError("usage", "Nothing comes in through stdin", { hint: `Pipe it in: ${example}` });
  }
  const bytes = await new Response(Deno.stdin.readable).bytes();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch (cause) {
    throw new SkiffError("invalid_input", "What comes in through stdin is no UTF-8 text", {
      hint: "Save it as UTF-8; PowerShell's > writes UTF-16.",
      cause,
    });
  }
}

/** A secret through stdin, or typed at a terminal, which does not show it. Throws as `readInput`, "interrupted". */
export async function readSecret(context: Context, name: string): Promise<string> {
  if (!context.stdinIsTerminal) return await readInput(context, `skiff mcp secret set ${name} < FILE`);
  const [{ LineReader }, { ownTerminal }] = await Promise.all([
    import("../../core/terminal/line_reader.ts"),
    import("../../core/terminal/own_terminal.ts"),
  ]);
  const reader = new LineReader(ownTerminal(Deno.stderr), { history: [], hidden: true });
  const typed = await reader.read(`Value of ${name} (it is not shown): `);
  if (typed.type !== "line") throw interrupted();
  return typed.text;
}
