/** The parts that kernels of attention, norms and gates include. */
import kvCache from "./parts/kv_cache.wgsl" with { type: "text" };
import kvRead from "./parts/kv_read.wgsl" with { type: "text" };
import { q8Snippet } from "./text.ts";

export const wgslParts: Readonly<Record<string, string>> = {
  kv_cache: kvCache,
  kv_read: kvRead,
  q8: q8Snippet,
};
