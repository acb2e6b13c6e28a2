/** `--yq EXPR`: what an expression gives of what a command would print for programs. */
import type { Flag } from "../../core/cli/command.ts";
import { printed } from "./place.ts";

export const yqFlag: Flag = {
  name: "yq",
  value: "EXPR",
  summary: "Print what this expression of yq gives of it, in YAML unless --format is json",
};

/** Whether `--format` and `--yq` ask for a form for programs. */
export function isForPrograms({ format, yq }: Record<string, unknown>): boolean {
  return format !== "human" || Boolean(yq);
}

/** A value in the format of the flags, as the expression has it. */
export async function printedByFlags(value: unknown, flags: Record<string, unknown>): Promise<string> {
  const format = flags.format === "json" ? "json" : "yaml";
  const text = printed(value, format);
  if (!flags.yq) return text;
  const { evaluateYq } = await import("../../core/yq/evaluate.ts");
  return evaluateYq(String(flags.yq), text, format);
}
