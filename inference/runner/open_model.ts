/** Opens what a runner is made of: the engine in its own time, and beside it header, tokenizer and chat format. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { ChatFormat } from "../chat/format.ts";
import type { Engine, EngineOptions } from "../engines/engine.ts";
import type { Gguf } from "../gguf/mod.ts";
import type { SamplingOptions } from "../sampling/options.ts";
import { type Tokenizer, tokenTypes } from "../tokenizer/tokenizer.ts";
import type { ModelParts } from "./model_parts.ts";
import { encodePieces } from "./prompt.ts";
import type { RunnerConfiguration } from "./protocol.ts";

/** Throws what `openGguf`, `openTokenizer` and `loadEngine` throw. */
export async function openModel(
  configuration: RunnerConfiguration,
  onProgress: (fraction: number) => void,
): Promise<ModelParts> {
  const loading = loadEngineOf(configuration, onProgress);
  loading.catch(() => {}); // a damaged header is the better explanation
  const { tokenizer, chat, createSampler, defaults, rerankTemplate } = configuration.files
    ? await openHubText(configuration, configuration.files)
    : await openText(configuration);
  const engine = await loading;
  const vocabulary = {
    vocabularySize: engine.info.vocabularySize,
    contextTokens: engine.info.contextTokens,
    tokenText: (token: number) => tokenizer.decode([token], { special: true }),
    tokenize: (text: string) => tokenizer.encode(text),
  };
  return {
    engine,
    tokenizer,
    chat,
    rerankTemplate,
    createSampler: (options) => createSampler(options, vocabulary),
    async compileConstraint(spec) {
      const { compileConstraint } = await import("../sampling/grammar/mod.ts");
      return compileConstraint(spec, tokenizer);
    },
    defaults,
  };
}

/** The engine verifies and opens its libraries while header, tokenizer and template are read. */
async function loadEngineOf(
  configuration: RunnerConfiguration,
  onProgress: (fraction: number) => void,
): Promise<Engine> {
  const { loadEngine } = await import("../engines/select.ts");
  const onNote = (line: string) => console.error(line);
  return await loadEngine({ ...engineOptions(configuration), onProgress, onNote });
}

async function openText(configuration: RunnerConfiguration) {
  const [{ openGguf }, { openTokenizer }, { createSampler }] = await Promise.all([
    import("../gguf/mod.ts"),
    import("../tokenizer/mod.ts"),
    import("../sampling/sampler.ts"),
  ]);
  const gguf = await openGguf(configuration.shardPaths ?? configuration.modelPath);
  if (configuration.mode === "reranking") requireReranker(gguf);
  const tokenizer = openTokenizer(gguf);
  const chat = configuration.mode === "completion"
    ? await openChat(gguf, tokenizer, configuration).catch(unusable)
    : undefined;
  warmUp(tokenizer, chat);
  const rerankTemplate = gguf.metadata.string("tokenizer.chat_template.rerank");
  return { tokenizer, chat, createSampler, defaults: recommendedSampling(gguf), rerankTemplate };
}

/** Any model can be loaded with pooling "rank"; without a head that was trained for it the scores mean nothing. */
function requireReranker({ tensors }: Gguf): void {
  if (tensors.some(({ name }) => /^cls\b/.test(name))) return;
  throw new SkiffError("unsupported", "This model is no reranker: it has no head that scores texts", {
    hint: "Use a reranker, such as bge-reranker or Qwen3-Reranker.",
  });
}

/** The same out of the JSON files of an ONNX model. */
async function openHubText(configuration: RunnerConfiguration, files: Record<string, string>) {
  const [{ openHubModel }, { createSampler }] = await Promise.all([
    import("./open_hub_model.ts"),
    import("../sampling/sampler.ts"),
  ]);
  const { tokenizer, defaults, openChat } = await openHubModel(files);
  const chat = configuration.mode === "completion"
    ? await openChat?.(configuration.chatTemplatePath).catch(unusable)
    : undefined;
  warmUp(tokenizer, chat);
  return { tokenizer, chat, createSampler, defaults, rerankTemplate: undefined };
}

/** Builds what tokenizer and template make on first use, while the engine still loads. */
function warmUp(tokenizer: Tokenizer, chat?: ChatFormat): void {
  try {
    const pieces = chat?.render({ messages: [{ role: "user", content: "Hello" }] }).pieces;
    encodePieces(pieces ?? [{ text: "Hello", trusted: false }], tokenizer);
  } catch {
    // a template may refuse so short a conversation
  }
}

function engineOptions(
  configuration: RunnerConfiguration,
): EngineOptions & { engine: RunnerConfiguration["engine"] } {
  const { parallel, mode, queueLimit: _, defaults: __, chatTemplatePath: ___, ...rest } = configuration;
  return {
    ...rest,
    maxSequences: parallel,
    embedding: mode !== "completion",
    pooling: configuration.pooling ?? (mode === "reranking" ? "rank" : undefined),
  };
}

async function openChat(
  { metadata }: Gguf,
  tokenizer: Tokenizer,
  { chatTemplatePath }: RunnerConfiguration,
): Promise<ChatFormat> {
  const { openChatFormat } = await import("../chat/mod.ts");
  const own = metadata.string("tokenizer.chat_template");
  const textOf = (token: number | undefined) => token === undefined ? undefined : tokenizer.text(token);
  return openChatFormat({
    template: chatTemplatePath ? await Deno.readTextFile(chatTemplatePath) : own,
    variants: chatTemplatePath ? undefined : namedTemplates(metadata),
    bosText: textOf(tokenizer.special.bos),
    eosText: textOf(tokenizer.special.eos),
    architecture: metadata.string("general.architecture") ?? "",
    controlTokens: controlTexts(tokenizer),
    tokenId: (text) => tokenizer.find(text),
  });
}

/** A template that cannot be used must not keep the model from completing texts. */
function unusable(error: unknown): ChatFormat {
  const fail = () => {
    throw error;
  };
  return { family: "none", supportsTools: false, supportsThinking: false, render: fail, parser: fail };
}

/** `tokenizer.chat_template.<name>`: further templates, for example for requests with tools. */
function namedTemplates(metadata: Gguf["metadata"]): Record<string, string> {
  const prefix = "tokenizer.chat_template.";
  const templates: Record<string, string> = {};
  for (const key of metadata.keys()) {
    if (key.startsWith(prefix)) templates[key.slice(prefix.length)] = metadata.string(key)!;
  }
  return templates;
}

/** Texts that the vocabulary reads as one token and that a user must not be able to write. */
export function controlTexts(tokenizer: Tokenizer): string[] {
  const texts: string[] = [];
  for (let token = 0; token < tokenizer.size; token++) {
    if (tokenizer.type(token) === tokenTypes.control) texts.push(tokenizer.text(token));
  }
  return texts;
}

/** `general.sampling.*`: what the model's makers recommend. */
function recommendedSampling({ metadata }: Gguf): Partial<SamplingOptions> {
  const keys: [string, keyof SamplingOptions][] = [
    ["temp", "temperature"],
    ["top_k", "topK"],
    ["top_p", "topP"],
    ["min_p", "minP"],
    ["penalty_repeat", "repeatPenalty"],
    ["penalty_last_n", "repeatLastN"],
    ["xtc_probability", "xtcProbability"],
    ["xtc_threshold", "xtcThreshold"],
    ["mirostat", "mirostat"],
    ["mirostat_tau", "mirostatTau"],
    ["mirostat_eta", "mirostatEta"],
  ];
  const found = keys.map(([key, option]) => [option, metadata.number(`general.sampling.${key}`)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}
