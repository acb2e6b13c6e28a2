/** What onnxruntime and transformers.js throw -> what a person should read. */
import { type ErrorCode, SkiffError } from "../../../core/errors/skiff_error.ts";

interface Explanation {
  pattern: RegExp;
  code: ErrorCode;
  message: string;
  hint: string;
}

const smaller = "Use a smaller type of the model's numbers (q4, q8), a smaller model or a smaller context.";

const explanations: Explanation[] = [
  {
    pattern: /Unsupported model type: (\S+)/,
    code: "unsupported",
    message: 'The architecture "$1" is none that transformers.js generates text with',
    hint: "Use a GGUF variant of the model: llama.cpp may know it.",
  },
  {
    pattern:
      /Could not find an implementation for (\w+)|(?:No Op registered for|Unrecognized attribute|is not a registered function\/op)[^\n]{0,80}/,
    code: "unsupported",
    message: "The model has an operation that onnxruntime-web cannot compute: $&",
    hint: "Use another type of the model's numbers (fp32, q8), or a GGUF variant.",
  },
  {
    pattern:
      /bad_alloc|out of memory|Array buffer allocation failed|Invalid typed array length|memory access/i,
    code: "out_of_memory",
    message: "The model does not fit the 4 GiB that onnxruntime-web can use",
    hint: smaller,
  },
  {
    pattern: /protobuf parsing failed|INVALID_PROTOBUF|external data|Deserialize tensor|out of bounds/i,
    code: "corrupt",
    message: "The model's ONNX file is damaged or incomplete",
    hint: "Remove the model and pull it again.",
  },
  {
    pattern: /Missing the following inputs: ([^"]+)/,
    code: "unsupported",
    message: "The model's graph wants inputs that skiff does not have: $1",
    hint: "Use a model that was exported for text.",
  },
];

/** The error of a load that failed. */
export function loadFailure(error: unknown): SkiffError {
  return explained(error, "onnxruntime-web could not load the model");
}

/** The error of a run that failed. */
export function runFailure(error: unknown): SkiffError {
  return explained(error, "onnxruntime-web could not run the model");
}

function explained(error: unknown, what: string): SkiffError {
  if (error instanceof SkiffError) return error;
  const text = error instanceof Error ? error.message : String(error);
  for (const { pattern, code, message, hint } of explanations) {
    const match = pattern.exec(text);
    if (match) return new SkiffError(code, match[0].replace(pattern, message), { hint, cause: error });
  }
  return new SkiffError("internal", `${what}: ${text.split("\n")[0].slice(0, 300)}`, {
    hint: "The log of the model (`skiff model logs`) may say more.",
    cause: error,
  });
}
