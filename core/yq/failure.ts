import { SkiffError } from "../errors/skiff_error.ts";

/** An expression that cannot be evaluated, and why. */
export function failure(reason: string, hint?: string): SkiffError {
  return new SkiffError("invalid_input", `yq: ${reason}`, {
    hint: hint ?? "https://mikefarah.gitbook.io/yq describes the expressions.",
  });
}

/** An expression that cannot be read. `at` is an offset in it. */
export function syntaxError(expression: string, at: number, reason: string, hint?: string): SkiffError {
  const before = expression.slice(0, at).split("\n");
  const place = `${before.length}:${[...before.at(-1)!].length + 1}`;
  return failure(`${place}: ${reason}`, hint);
}
