/** `--engine`, wherever it is taken. */
import type { Flag } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { EngineName } from "../../inference/engines/engine.ts";

const engines = ["auto", "webgpu", "llama", "onnx"] as const;

export function engineFlag(summary: string): Flag {
  return { name: "engine", summary, value: "ENGINE", choices: [...engines] };
}

/** Undefined when it was not given. Throws "usage" for what is no engine (an environment variable is not checked before). */
export function engineOf(value: unknown): "auto" | EngineName | undefined {
  const found = engines.find((engine) => engine === value);
  if (found || value === undefined || value === "") return found;
  throw new SkiffError("usage", `"${value}" is no engine`, { hint: `Engines: ${engines.join(", ")}.` });
}
