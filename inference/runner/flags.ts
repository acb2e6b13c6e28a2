/**
 * llama.cpp's command-line flags as `runtime-flags` of a model: those that mean something here become
 * settings, harmless others are reported and left out, those that reach for files or the network are refused.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { Pooling } from "../engines/engine.ts";
import type { SamplingOptions } from "../sampling/options.ts";
import type { RunnerMode } from "./host.ts";
import type { RunnerConfiguration } from "./protocol.ts";

export interface ParsedFlags {
  configuration: Partial<RunnerConfiguration>;
  defaults: Partial<SamplingOptions>;
  /** Of requests that give no limit. */
  maxTokens?: number;
  /** -1 = unlimited, 0 = none. */
  reasoningBudget?: number;
  mode?: RunnerMode;
  /** Flags that have no effect here. */
  ignored: string[];
}

interface FlagRule {
  names: string[];
  /** What its value must be; absent = a switch without one. */
  value?: "integer" | "number" | "word" | string[];
  apply(flags: ParsedFlags, value: never): void;
}

const integer = (names: string[], apply: (flags: ParsedFlags, value: number) => void): FlagRule => ({
  names,
  value: "integer",
  apply,
});
const sampling = (
  names: string[],
  option: keyof SamplingOptions,
  value: "integer" | "number" = "number",
): FlagRule => ({
  names,
  value,
  apply: (flags, value: number) => Object.assign(flags.defaults, { [option]: value }),
});
const choice = (names: string[], values: string[], apply: (flags: ParsedFlags, value: string) => void) => ({
  names,
  value: values,
  apply,
});
const plain = (names: string[], apply: (flags: ParsedFlags) => void): FlagRule => ({ names, apply });

const cacheTypes = ["f16", "f32", "q8_0", "q4_0"];

const rules: FlagRule[] = [
  integer(["--ctx-size", "-c"], ({ configuration }, n) => configuration.contextTokens = n),
  integer(["--threads", "-t"], ({ configuration }, n) => configuration.threads = n > 0 ? n : undefined),
  integer(["--gpu-layers", "--n-gpu-layers", "-ngl"], ({ configuration }, n) => configuration.gpuLayers = n),
  integer(["--batch-size", "-b"], ({ configuration }, n) => configuration.batchTokens = n),
  integer(["--ubatch-size", "-ub"], ({ configuration }, n) => configuration.microBatchTokens = n),
  integer(["--parallel", "-np"], ({ configuration }, n) => configuration.parallel = Math.max(1, n)),
  integer(["--n-predict", "--predict", "-n"], (flags, n) => flags.maxTokens = n),
  integer(["--reasoning-budget"], (flags, n) => flags.reasoningBudget = n),
  choice(["--cache-type-k", "-ctk", "--cache-type-v", "-ctv"], cacheTypes, ({ configuration }, type) => {
    configuration.cacheType = type as RunnerConfiguration["cacheType"];
  }),
  choice(["--flash-attn", "-fa"], ["on", "off", "auto", "1", "0"], ({ configuration }, value) => {
    configuration.flashAttention = value === "auto" ? undefined : value === "on" || value === "1";
  }),
  choice(["--pooling"], ["none", "mean", "cls", "last", "rank"], ({ configuration }, value) => {
    configuration.pooling = value as Pooling;
  }),
  plain(["--mlock"], ({ configuration }) => configuration.mlock = true),
  plain(["--embeddings", "--embedding"], (flags) => flags.mode ??= "embedding"),
  plain(["--reranking", "--rerank"], (flags) => flags.mode = "reranking"),
  sampling(["--temp", "--temperature"], "temperature"),
  sampling(["--top-k"], "topK", "integer"),
  sampling(["--top-p"], "topP"),
  sampling(["--min-p"], "minP"),
  sampling(["--typical", "--typical-p"], "typicalP"),
  sampling(["--top-nsigma", "--top-n-sigma"], "topNSigma"),
  sampling(["--seed", "-s"], "seed", "integer"),
  sampling(["--repeat-penalty"], "repeatPenalty"),
  sampling(["--repeat-last-n"], "repeatLastN", "integer"),
  sampling(["--presence-penalty"], "presencePenalty"),
  sampling(["--frequency-penalty"], "frequencyPenalty"),
  sampling(["--dynatemp-range"], "dynatempRange"),
  sampling(["--dynatemp-exp"], "dynatempExponent"),
  sampling(["--mirostat"], "mirostat", "integer"),
  sampling(["--mirostat-lr"], "mirostatEta"),
  sampling(["--mirostat-ent"], "mirostatTau"),
  sampling(["--dry-multiplier"], "dryMultiplier"),
  sampling(["--dry-base"], "dryBase"),
  sampling(["--dry-allowed-length"], "dryAllowedLength", "integer"),
  sampling(["--dry-penalty-last-n"], "dryPenaltyLastN", "integer"),
  sampling(["--xtc-probability"], "xtcProbability"),
  sampling(["--xtc-threshold"], "xtcThreshold"),
];
const ruleOf = new Map(rules.flatMap((rule) => rule.names.map((name) => [name, rule] as const)));

/** What these would do is decided elsewhere: which file, which address, which library, who may connect. */
const refused = new Set([
  ..."--model -m --model-url -mu --hf-repo -hf -hfr --hf-file -hff --hf-token -hft --docker-repo -dr".split(
    " ",
  ),
  ..."--host --port --path --api-prefix --api-key --api-key-file --ssl-key-file --ssl-cert-file".split(" "),
  ..."--log-file --slot-save-path --media-path --models-dir --rpc --lora --lora-scaled".split(" "),
  ..."--control-vector --control-vector-scaled --mmproj --mmproj-url --grammar-file -jf".split(" "),
  ..."--json-schema-file --chat-template-file --model-draft -md --lookup-cache-static -lcs".split(" "),
  ..."--lookup-cache-dynamic -lcd --prompt-cache --file -f --binary-file -bf --tools --webui-mcp-proxy".split(
    " ",
  ),
]);

/**
 * Reads a list of flags ("--temp", "0.1" or "--temp=0.1").
 * Throws "invalid_input" that names the flag which is refused or has a wrong value.
 */
export function parseFlags(words: readonly string[]): ParsedFlags {
  const flags: ParsedFlags = { configuration: {}, defaults: {}, ignored: [] };
  for (let i = 0; i < words.length; i++) {
    const [name, inline] = splitWord(words[i]);
    if (!name.startsWith("-")) throw wrong(name, "is not a flag: flags begin with a dash");
    if (refused.has(name)) throw wrong(name, "is not allowed for a model that skiff runs");
    const rule = ruleOf.get(name);
    const next = words[i + 1];
    const takesNext = inline === undefined && next !== undefined && (rule ? !!rule.value : isValue(next));
    const value = takesNext ? words[++i] : inline;
    if (value !== undefined && /[/\\]/.test(value)) throw wrong(name, `must not name a file (${value})`);
    if (!rule) flags.ignored.push(name);
    else rule.apply(flags, checked(name, rule, value) as never);
  }
  return flags;
}

function splitWord(word: string): [name: string, value: string | undefined] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

const isValue = (word: string) => !word.startsWith("-") || /^-\d/.test(word);

function checked(name: string, { value: kind }: FlagRule, value: string | undefined): unknown {
  if (!kind) return undefined;
  if (value === undefined) throw wrong(name, "needs a value");
  if (Array.isArray(kind)) {
    if (!kind.includes(value)) throw wrong(name, `must be one of ${kind.join(", ")}, not "${value}"`);
    return value;
  }
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number)) throw wrong(name, `needs a number, not "${value}"`);
  if (kind === "integer" && !Number.isInteger(number)) {
    throw wrong(name, `needs a whole number, not ${value}`);
  }
  return number;
}

function wrong(name: string, reason: string): SkiffError {
  return new SkiffError("invalid_input", `The runtime flag ${name} ${reason}`, {
    hint: "Remove or correct it with `skiff model configure`.",
    details: { flag: name },
  });
}
