/** Qwen 2 and 2.5 (arXiv 2407.10671): Llama with biases on queries, keys and values, pairs a half apart. */
import type { Architecture } from "./architecture.ts";
import { llama } from "./llama.ts";
import { decoderConfig } from "./model_keys.ts";

export const qwen2: Architecture = {
  name: "qwen2",
  configure: (keys) => decoderConfig(keys, "neox"),
  // a matrix brings its bias along
  forward: llama.forward,
};
