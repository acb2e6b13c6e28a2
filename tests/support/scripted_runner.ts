/**
 * A runner process over the scripted engine, for tests of the pool. The model's file name says how it behaves:
 * "…/fails.gguf" cannot be loaded, "…/crashes.gguf" dies while loading, others answer as `echoScript` does.
 * "endless" in a prompt makes each step take a millisecond, so that a test can act in the middle of an answer.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { runRunner } from "../../inference/runner/main.ts";
import { ScriptedEngine, scriptedSampler, scriptedTokenizer } from "./scripted_engine.ts";

const code = await runRunner((configuration, onProgress) => {
  if (configuration.modelPath.endsWith("/fails.gguf")) {
    throw new SkiffError("corrupt", "The model's file is damaged", { hint: "Pull it again." });
  }
  if (configuration.modelPath.endsWith("/crashes.gguf")) {
    console.error("llama_model_load: error loading model: unknown model architecture: 'llama9'");
    Deno.exit(134);
  }
  onProgress(1);
  console.error(`loaded with ${configuration.contextTokens} tokens of context`);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const engine = new ScriptedEngine({
    info: { contextTokens: configuration.contextTokens, maxSequences: configuration.parallel },
    onDecode: () =>
      void (engine.sequences.some((tokens) => tokens.length > 50) && Atomics.wait(pause, 0, 0, 1)),
  });
  return Promise.resolve({
    engine,
    tokenizer: scriptedTokenizer,
    chat: {
      family: "test",
      supportsTools: false,
      supportsThinking: false,
      render: ({ messages, thinking }) => ({
        pieces: [
          ...messages.map(({ content }) => ({ text: String(content), trusted: false })),
          { text: `\n${thinking ?? "free"}`, trusted: true },
        ],
        stop: [],
        startsInReasoning: false,
        visibleTokens: [],
      }),
      parser: () => ({ push: (text) => [{ type: "text", text }], end: () => [], toolCalls: 0 }),
    },
    createSampler: scriptedSampler,
    compileConstraint() {
      throw new SkiffError("invalid_input", "No constraint here");
    },
  });
});
Deno.exit(code);
