/** mikefarah's yq, built from the Go module proxy. Takes half a minute once; what comes out is kept. */
import { evaluateYq } from "../../core/yq/evaluate.ts";
import { registryCommand } from "./command.ts";
import { withLock } from "./lock.ts";
import { goCommand } from "./newest_engine.ts";
import { part } from "./parts.ts";

const version = "v4.54.3";

/** The program's path. */
export async function mikefarahYq(): Promise<string> {
  const folder = await withLock("mikefarah-yq", () =>
    part(`yq/${version}`, async (target) => {
      const env = { GOBIN: target, CGO_ENABLED: "0" };
      await registryCommand(await goCommand(), [
        "install",
        "-trimpath",
        `github.com/mikefarah/yq/v4@${version}`,
      ], {
        env,
      });
    }));
  return `${folder}/yq`;
}

/**
 * Where skiff's own evaluation differs from it, of many expressions over one document: one line each. Both may
 * fail. It evaluates as docker/mcp-gateway has it: all documents together, scalars bare.
 */
export async function yqDifferences(
  program: string,
  expressions: string[],
  document: string,
  format: "json" | "yaml",
): Promise<string[]> {
  const file = await Deno.makeTempFile({ prefix: "skiff-yq-" });
  try {
    await Deno.writeTextFile(file, document);
    const differences: string[] = [];
    for (const expression of expressions) {
      const got = ours(expression, document, format);
      const wanted = await theirs(program, expression, file, format);
      if (got !== wanted) differences.push(`${format}: ${expression}\nyq: ${wanted}\nskiff: ${got}`);
    }
    return differences;
  } finally {
    await Deno.remove(file);
  }
}

/** Undefined when it fails. The line ends that close a text are of no account. */
function ours(expression: string, document: string, format: "json" | "yaml"): string | undefined {
  try {
    return evaluateYq(expression, document, format).trimEnd();
  } catch {
    return undefined;
  }
}

async function theirs(
  program: string,
  expression: string,
  file: string,
  format: "json" | "yaml",
): Promise<string | undefined> {
  const { success, stdout } = await new Deno.Command(program, {
    args: ["eval-all", "--unwrapScalar", "-p", format, "-o", format, "--expression", expression, file],
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trimEnd() : undefined;
}
