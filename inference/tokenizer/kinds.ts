/** The kinds of tokenizers by `tokenizer.ggml.model`: what each assumes, and its encoder. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { BytePairEncoder } from "./bpe.ts";
import type { Spelling } from "./pieces.ts";
import { preTokenizer } from "./pre_tokenizers.ts";
import { RwkvEncoder } from "./rwkv.ts";
import type { SpecialDefaults } from "./special_tokens.ts";
import { SentencePieceEncoder } from "./spm.ts";
import type { TokenList } from "./token_list.ts";
import type { SpecialTokens } from "./tokenizer.ts";
import { UnigramEncoder } from "./unigram.ts";
import type { Vocabulary, VocabularySource } from "./vocabulary.ts";
import { WordPieceEncoder } from "./wordpiece.ts";

export interface Encoder {
  /** Appends the tokens of a text without special tokens in it. `starts`: it begins, or follows a special token. */
  encode(text: string, out: TokenList, context: { starts: boolean }): void;
}

export interface KindOfTokenizer {
  name: "bpe" | "spm" | "ugm" | "wpm" | "rwkv";
  spelling: Spelling;
  defaults: SpecialDefaults;
  /** A text begins with a blank that is not its own. */
  addSpacePrefix: boolean;
  /** Bos is added whatever the file says. */
  alwaysBos?: boolean;
  /** What special tokens stand before and after a text. */
  frame(special: SpecialTokens): [first: number | undefined, last: number | undefined];
  encoder(special: SpecialTokens): Encoder;
}

const makers: Record<string, (source: VocabularySource, vocabulary: Vocabulary) => KindOfTokenizer> = {
  gpt2: bpe,
  gemma4: bpe,
  whitespace: bpe,
  llama: spm,
  t5: unigram,
  bert: wordPiece,
  rwkv,
};

/**
 * @throws {SkiffError} "unsupported" for a kind that is not known.
 */
export function kindOfTokenizer(source: VocabularySource, vocabulary: Vocabulary): KindOfTokenizer {
  const model = source.string("tokenizer.ggml.model");
  const make = makers[model ?? ""];
  if (make) return make(source, vocabulary);
  throw new SkiffError("unsupported", `The model's kind of tokenizer, ${model ?? "none"}, is not known`, {
    hint: `Known are: ${Object.keys(makers).join(", ")}.`,
  });
}

function bosAndEos({ bos, eos, addBos, addEos }: SpecialTokens): [number | undefined, number | undefined] {
  return [addBos ? bos : undefined, addEos ? eos : undefined];
}

function bpe(source: VocabularySource, vocabulary: Vocabulary): KindOfTokenizer {
  const model = source.string("tokenizer.ggml.model");
  const name = model === "gemma4" ? "gemma4" : source.string("tokenizer.ggml.pre") || "default";
  const pre = preTokenizer(name);
  if (!pre) {
    throw new SkiffError("unsupported", `The model's pre-tokenizer, ${name}, is not known`, {
      hint: "Update skiff.",
    });
  }
  const merges = source.strings("tokenizer.ggml.merges");
  if (!merges && name !== "kimi-k2") {
    throw new SkiffError("corrupt", "The model has no merges (tokenizer.ggml.merges)");
  }
  return {
    name: "bpe",
    spelling: pre.escapeSpaces ? "spaces" : "alphabet",
    defaults: { addBos: pre.addBos ?? false, addEos: false },
    addSpacePrefix: source.boolean("tokenizer.ggml.add_space_prefix") ?? false,
    alwaysBos: pre.alwaysBos,
    frame: bosAndEos,
    encoder: () =>
      new BytePairEncoder(vocabulary, {
        ...pre,
        dropSpaces: model === "whitespace",
        lowerCase: model === "whitespace" && source.boolean("tokenizer.ggml.normalizer.lowercase") === true,
      }, merges ?? { data: new Uint8Array(0), offsets: new Uint32Array(1) }),
  };
}

function spm(source: VocabularySource, vocabulary: Vocabulary): KindOfTokenizer {
  const addSpacePrefix = source.boolean("tokenizer.ggml.add_space_prefix") ?? true;
  return {
    name: "spm",
    spelling: "spaces",
    defaults: { bos: 1, eos: 2, unknown: 0, addBos: true, addEos: false },
    addSpacePrefix,
    frame: bosAndEos,
    encoder: () => new SentencePieceEncoder(vocabulary, { addSpacePrefix }),
  };
}

function unigram(source: VocabularySource, vocabulary: Vocabulary): KindOfTokenizer {
  const flag = (name: string) => source.boolean(`tokenizer.ggml.${name}`) ?? false;
  const map = source.numbers("tokenizer.ggml.precompiled_charsmap");
  return {
    name: "ugm",
    spelling: "spaces",
    defaults: { eos: 1, unknown: 2, padding: 0, addBos: false, addEos: true },
    addSpacePrefix: flag("add_space_prefix"),
    frame: bosAndEos,
    encoder: ({ unknown }) =>
      new UnigramEncoder(vocabulary, {
        unknown: unknown ?? -1,
        characterMap: map && Uint8Array.from(map),
        addSpacePrefix: flag("add_space_prefix"),
        removeExtraSpaces: flag("remove_extra_whitespaces"),
      }),
  };
}

function wordPiece(source: VocabularySource, vocabulary: Vocabulary): KindOfTokenizer {
  const lowerCase = source.boolean("tokenizer.ggml.normalizer.lowercase") ?? true;
  return {
    name: "wpm",
    spelling: "spaces",
    defaults: { bos: 101, separator: 102, unknown: 100, padding: 0, addBos: true, addEos: true },
    addSpacePrefix: source.boolean("tokenizer.ggml.add_space_prefix") ?? false,
    frame: ({ bos, separator }) => [bos, separator],
    encoder: ({ unknown }) =>
      new WordPieceEncoder(vocabulary, {
        unknown: unknown ?? -1,
        lowerCase,
        stripAccents: source.boolean("tokenizer.ggml.normalizer.strip_accents") ?? lowerCase,
      }),
  };
}

function rwkv(_source: VocabularySource, vocabulary: Vocabulary): KindOfTokenizer {
  return {
    name: "rwkv",
    spelling: "escapes",
    defaults: { addBos: false, addEos: false },
    addSpacePrefix: false,
    frame: () => [undefined, undefined],
    encoder: ({ unknown }) => new RwkvEncoder(vocabulary, unknown ?? -1),
  };
}
