/** The architectures that this engine computes. To add one: write its file, add its line. */
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { gemma2 } from "./gemma2.ts";
import { gemma3 } from "./gemma3.ts";
import { gptOss } from "./gpt_oss.ts";
import { granite } from "./granite.ts";
import { llama } from "./llama.ts";
import { phi3 } from "./phi3.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";
import { qwen3moe } from "./qwen3moe.ts";
import { smollm3 } from "./smollm3.ts";

// deno-fmt-ignore
const all = [llama, qwen2, qwen3, qwen3moe, gemma2, gemma3, phi3, granite, smollm3, gptOss];

/** By the name in `general.architecture`. */
export const architectures: ReadonlyMap<string, Architecture<DecoderConfig>> = new Map(
  all.map((architecture) => [architecture.name, architecture as Architecture<DecoderConfig>]),
);
