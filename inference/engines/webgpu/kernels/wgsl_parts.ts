/** The parts that kernels of attention, norms and gates include. */
import kvCache from "./parts/kv_cache.wgsl" with { type: "text" };
import kvRead from "./parts/kv_read.wgsl" with { type: "text" };
import q8Group from "./parts/q8_group.wgsl" with { type: "text" };

export const wgslParts: Readonly<Record<string, string>> = {
  kv_cache: kvCache,
  kv_read: kvRead,
  q8_group: q8Group,
};
