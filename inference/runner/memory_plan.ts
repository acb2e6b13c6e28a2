/** Whether a model fits the memory that is there, and how much context it can have. */
import { SkiffError } from "../../core/errors/skiff_error.ts";

/** What loading a model takes. Bytes. */
export interface MemoryNeed {
  weights: number;
  /** Of the keys and values of all sequences, for a context of so many tokens. */
  cache(contextTokens: number): number;
  /** The context that is wanted. */
  contextTokens: number;
  /** The user named the context: it is that or nothing. */
  explicit: boolean;
}

export interface MemoryPlan {
  contextTokens: number;
  bytes: number;
}

/** Program, compute buffers and logits of a small model; larger ones grow with their weights. */
const programBytes = 150 * 2 ** 20;
const computeShare = 0.05;
/** A context below this serves nobody. */
const smallestContext = 512;
/** The part of the memory that the context of a model may take which the user did not size. */
const cacheShare = 0.25;
/** Up to this context it may take more than its part. */
const usefulContext = 4096;

/** What the model takes with so much context. */
export function neededBytes(need: MemoryNeed, contextTokens: number): number {
  return Math.ceil(programBytes + need.weights * (1 + computeShare) + need.cache(contextTokens));
}

/**
 * The context to load with: the wanted one if it fits, else, unless the user named it, the largest that
 * does (and leaves memory for others), in steps of 256. Undefined when not even a small one fits.
 */
export function planMemory(need: MemoryNeed, availableBytes: number): MemoryPlan | undefined {
  const modest = (contextTokens: number) =>
    need.explicit || contextTokens <= usefulContext ||
    need.cache(contextTokens) <= availableBytes * cacheShare;
  const fits = (contextTokens: number) =>
    neededBytes(need, contextTokens) <= availableBytes && modest(contextTokens);
  const plan = (contextTokens: number) => ({ contextTokens, bytes: neededBytes(need, contextTokens) });
  if (fits(need.contextTokens)) return plan(need.contextTokens);
  if (need.explicit || !fits(Math.min(smallestContext, need.contextTokens))) return undefined;
  let low = Math.floor(Math.min(smallestContext, need.contextTokens) / 256);
  let high = Math.floor(need.contextTokens / 256);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle * 256)) low = middle;
    else high = middle;
  }
  return plan(Math.max(256, low * 256));
}

/** Names the numbers, and what could be done. */
export function outOfMemory(model: string, need: MemoryNeed, availableBytes: number): SkiffError {
  const wanted = neededBytes(need, need.contextTokens);
  const smaller = planMemory({ ...need, explicit: false }, availableBytes);
  const context = `with a context of ${need.contextTokens} tokens`;
  return new SkiffError(
    "out_of_memory",
    `${model} ${context} needs ${gib(wanted)}; ${gib(availableBytes)} of memory are available`,
    {
      hint: smaller
        ? `A context of ${smaller.contextTokens} tokens fits: \`skiff model configure --context-size ${smaller.contextTokens}\`.`
        : "Unload other models (`skiff model unload`), close programs, or use a smaller quantisation.",
      details: { needed_bytes: wanted, available_bytes: Math.max(0, Math.floor(availableBytes)) },
    },
  );
}

const gib = (bytes: number) => `${(Math.max(0, bytes) / 2 ** 30).toFixed(1)} GiB`;

/** Memory that a new process can take without swapping: the system's, or the container's when that is less. */
export async function availableMemory(): Promise<number> {
  const system = Deno.systemMemoryInfo().available;
  try {
    const read = (name: string) => Deno.readTextFile(`/sys/fs/cgroup/memory.${name}`);
    const [max, current, stat] = await Promise.all([read("max"), read("current"), read("stat")]);
    if (max.trim() === "max") return system;
    const reclaimable = Number(/^inactive_file (\d+)$/m.exec(stat)?.[1] ?? 0);
    return Math.min(system, Number(max) - Number(current) + reclaimable);
  } catch {
    return system; // no limits for this process
  }
}
