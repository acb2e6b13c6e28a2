/** Hyperparameters out of a GGUF's metadata, checked: a value that cannot be is refused with its key. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { Gguf } from "../../../gguf/mod.ts";
import type { Rope, RopeStyle } from "../graph/rope.ts";
import type { DecoderConfig } from "./architecture.ts";

const scalings = ["none", "linear", "yarn", "longrope"] as const;

/** The keys of one model's architecture; names are given without the architecture's prefix. */
export class ModelKeys {
  readonly architecture: string;
  readonly #gguf: Gguf;

  constructor(gguf: Gguf) {
    this.#gguf = gguf;
    this.architecture = gguf.metadata.string("general.architecture") ?? "";
  }

  /** A whole number of at least 1. */
  count(name: string, fallback?: number): number {
    const value = this.#number(name, fallback);
    return Number.isInteger(value) && value >= 1 ? value : this.refuse(name, "a whole number above 0");
  }

  /** A count that a file may give once or for each layer; here it is the same for all. */
  layerCount(name: string, fallback?: number): number {
    const value = this.#gguf.metadata.get(this.#key(name));
    if (!ArrayBuffer.isView(value)) return this.count(name, fallback);
    const list = Array.from(value as unknown as ArrayLike<number | bigint>, Number);
    if (list.length > 0 && list[0] >= 1 && list.every((n) => n === list[0])) return list[0];
    throw new SkiffError(
      "unsupported",
      `${this.#key(name)} differs from layer to layer (${list.join(", ")})`,
    );
  }

  positive(name: string, fallback?: number): number {
    const value = this.#number(name, fallback);
    return Number.isFinite(value) && value > 0 ? value : this.refuse(name, "a number above 0");
  }

  /** A finite number that may be absent. */
  optional(name: string): number | undefined {
    const value = this.#gguf.metadata.number(this.#key(name));
    return value === undefined || Number.isFinite(value) ? value : this.refuse(name, "a finite number");
  }

  flag(name: string, fallback: boolean): boolean {
    return this.#gguf.metadata.boolean(this.#key(name)) ?? fallback;
  }

  text(name: string): string | undefined {
    return this.#gguf.metadata.string(this.#key(name));
  }

  has(name: string): boolean {
    return this.#gguf.metadata.has(this.#key(name));
  }

  /** @throws {SkiffError} "corrupt", always. */
  refuse(name: string, wanted: string): never {
    const value = this.#gguf.metadata.get(this.#key(name));
    const is = value === undefined ? "is missing" : `is ${ArrayBuffer.isView(value) ? "a list" : value}`;
    throw new SkiffError(
      "corrupt",
      `Cannot load "${this.#gguf.path}": ${this.#key(name)} ${is}, not ${wanted}`,
      {
        hint: "The file is damaged or was converted by a faulty program.",
        details: { path: this.#gguf.path, key: this.#key(name) },
      },
    );
  }

  #key(name: string): string {
    return `${this.architecture}.${name}`;
  }

  #number(name: string, fallback?: number): number {
    return this.#gguf.metadata.number(this.#key(name)) ?? fallback ?? this.refuse(name, "a number");
  }
}

/** What decoders have in common. `style` = which elements of a head turn together. */
export function decoderConfig(keys: ModelKeys, style: RopeStyle): DecoderConfig {
  const width = keys.count("embedding_length");
  const heads = keys.layerCount("attention.head_count");
  const kvHeads = keys.layerCount("attention.head_count_kv", heads);
  if (heads % kvHeads !== 0) keys.refuse("attention.head_count_kv", `a divisor of the ${heads} heads`);
  const headSize = keys.count("attention.key_length", width / heads);
  if (keys.count("attention.value_length", headSize) !== headSize) {
    keys.refuse("attention.value_length", `the ${headSize} of the keys`);
  }
  return {
    layers: keys.count("block_count"),
    width,
    heads,
    kvHeads,
    headSize,
    epsilon: keys.positive("attention.layer_norm_rms_epsilon"),
    attentionScale: 1 / Math.sqrt(headSize),
    rope: ropeOf(keys, style, headSize),
  };
}

function ropeOf(keys: ModelKeys, style: RopeStyle, headSize: number): Rope {
  const dimensions = keys.count("rope.dimension_count", headSize);
  if (dimensions % 2 !== 0 || dimensions > headSize) {
    keys.refuse("rope.dimension_count", `an even number of at most ${headSize}`);
  }
  const type = scalings.find((name) => name === (keys.text("rope.scaling.type") ?? "linear"));
  if (type === undefined) keys.refuse("rope.scaling.type", `one of ${scalings.join(", ")}`);
  // 0 stands for "not scaled" in some files; the second key is what old ones had.
  const factor = keys.optional("rope.scaling.factor") || keys.optional("rope.scale_linear") || 1;
  if (factor < 0) keys.refuse("rope.scaling.factor", "a number above 0");
  return {
    style,
    dimensions,
    base: keys.positive("rope.freq_base", 10000),
    // the factors of longrope stand in tensors
    scaling: type === "yarn" ? "yarn" : "linear",
    factor: type === "none" ? 1 : factor,
    originalContext: keys.count("rope.scaling.original_context_length", keys.count("context_length")),
    betaFast: keys.optional("rope.scaling.yarn_beta_fast") ?? 32,
    betaSlow: keys.optional("rope.scaling.yarn_beta_slow") ?? 1,
    magnitude: keys.positive("rope.scaling.attn_factor", 1),
  };
}
