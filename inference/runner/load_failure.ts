/** What engines write when a model cannot be loaded -> what a person should read. */
import { type ErrorCode, SkiffError } from "../../core/errors/skiff_error.ts";

interface Explanation {
  pattern: RegExp;
  code: ErrorCode;
  message: string;
  hint: string;
}

/** The first row that matches the log wins. Wordings are llama.cpp's and the operating systems'. */
const explanations: Explanation[] = [
  {
    pattern: /unknown model architecture: '([^']+)'/,
    code: "unsupported",
    message: 'The architecture "$1" is not known to this version of the engine',
    hint: "Use a newer skiff, or another model.",
  },
  {
    pattern: /(?:CUDA|Vulkan|Metal|device).{0,80}(?:out of memory|OutOfDeviceMemory|failed to allocate)/i,
    code: "out_of_memory",
    message: "The model does not fit the memory of the GPU",
    hint: "Use a smaller context (`skiff model configure --context-size N`) or a smaller quantisation.",
  },
  {
    pattern: /failed to allocate (?:buffer|compute|KV|memory)|bad_alloc|Cannot allocate memory|ENOMEM/i,
    code: "out_of_memory",
    message: "The model does not fit the memory of this machine",
    hint: "Use a smaller context (`skiff model configure --context-size N`) or a smaller quantisation.",
  },
  {
    pattern: /tensor '([^']+)' (?:data )?is not within the file bounds|invalid magic|failed to read magic/,
    code: "corrupt",
    message: "The model's file is damaged",
    hint: "Remove the model and pull it again.",
  },
  {
    pattern: /(?:missing|wrong shape).{0,20}tensor '?([^'\s]+)/,
    code: "corrupt",
    message: "The model's file does not have what its architecture needs (tensor $1)",
    hint: "Pull the model again, or use another conversion of it.",
  },
  {
    pattern: /(error while loading shared libraries|cannot open shared object file).*/,
    code: "unsupported",
    message: "A library that the engine needs is missing: $&",
    hint: "Install it, or choose another engine with `--engine`.",
  },
];

/**
 * The error of a load that failed. What the runner itself said is kept; a bare crash is explained by its last
 * log lines.
 */
export function explainFailure(failure: SkiffError, log: readonly string[]): SkiffError {
  if (failure.code !== "unavailable" && failure.code !== "internal") return failure;
  const text = [failure.message, ...log].join("\n");
  for (const { pattern, code, message, hint } of explanations) {
    const match = pattern.exec(text);
    if (match) return new SkiffError(code, match[0].replace(pattern, message), { hint, cause: failure });
  }
  const lines = log.filter((line) => line.trim().length > 0).slice(-3);
  if (lines.length === 0) return failure;
  return new SkiffError(failure.code, `${failure.message}. It last said: ${lines.join(" / ")}`, {
    hint: failure.hint,
    details: failure.details,
    cause: failure,
  });
}
