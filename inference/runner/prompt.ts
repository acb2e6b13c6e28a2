/** Prompt -> tokens, with what the chat format says about reading the answer. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { PromptPiece, RenderedChat } from "../chat/format.ts";
import type { ChatRequest, Prompt } from "../chat/request.ts";
import type { ConstraintSpec } from "../sampling/options.ts";
import { type Tokenizer, tokenTypes } from "../tokenizer/tokenizer.ts";
import type { ModelParts } from "./model_parts.ts";

export interface PreparedPrompt {
  tokens: Int32Array;
  /** The prompt as text where it is to be given back first. */
  echo?: string;
  constraint?: { spec: ConstraintSpec; triggers?: string[] };
  /** Only of a chat. */
  chat?: { request: ChatRequest; rendered: RenderedChat };
}

/** Throws "invalid_input" for a conversation that the template refuses or a token that does not exist. */
export function preparePrompt(prompt: Prompt, { tokenizer, chat }: ModelParts): PreparedPrompt {
  if (prompt.kind === "chat") {
    if (!chat) {
      throw new SkiffError("unsupported", "This model has no chat template", {
        hint: "Use the completions route, or give the model a template with `--chat-template`.",
      });
    }
    const rendered = chat.render(prompt.chat);
    const tokens = encodePieces(rendered.pieces, tokenizer);
    return { tokens, constraint: rendered.constraint, chat: { request: prompt.chat, rendered } };
  }
  const constraint = prompt.constraint && { spec: prompt.constraint };
  if (prompt.kind === "text") {
    const tokens = tokenizer.encode(prompt.text, { addSpecial: true, parseSpecial: true });
    return { tokens: orBos(tokens, tokenizer), constraint, echo: prompt.echo ? prompt.text : undefined };
  }
  checkTokens(prompt.tokens, tokenizer.size);
  const tokens = orBos(Int32Array.from(prompt.tokens), tokenizer);
  return { tokens, constraint, echo: prompt.echo ? tokenizer.decode(tokens) : undefined };
}

/** Throws "invalid_input" for a number that is no token. */
export function checkTokens(tokens: number[], vocabularySize: number): void {
  const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabularySize);
  if (wrong === undefined) return;
  throw new SkiffError("invalid_input", `Token ${wrong} is not in the vocabulary`, {
    hint: `Tokens are whole numbers from 0 to ${vocabularySize - 1}.`,
  });
}

/**
 * The tokens of a rendered chat. Control tokens are recognised in trusted pieces only. Where that makes no
 * difference the whole text is encoded at once, as the model saw it in training; else piece by piece. A
 * template that does not write the beginning token gets it where the model wants it.
 */
export function encodePieces(pieces: PromptPiece[], tokenizer: Tokenizer): Int32Array {
  const whole = tokenizer.encode(pieces.map(({ text }) => text).join(""), { parseSpecial: true });
  const trusted = pieces.filter((piece) => piece.trusted);
  const isControl = (token: number) => tokenizer.type(token) === tokenTypes.control;
  const expected = trusted.flatMap(({ text }) => [
    ...tokenizer.encode(text, { parseSpecial: true }).filter(isControl),
  ]);
  const found = whole.filter(isControl);
  const safe = found.length === expected.length && expected.every((token, i) => token === found[i]);
  return withBos(safe ? whole : encodeApart(pieces, tokenizer), tokenizer);
}

function encodeApart(pieces: PromptPiece[], tokenizer: Tokenizer): Int32Array {
  const parts = pieces.map(({ text, trusted }) => tokenizer.encode(text, { parseSpecial: trusted }));
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function withBos(tokens: Int32Array, { special }: Tokenizer): Int32Array {
  if (!special.addBos || special.bos === undefined || tokens[0] === special.bos) return tokens;
  return Int32Array.of(special.bos, ...tokens);
}

/** A model can go on from nothing where it knows how texts begin. */
function orBos(tokens: Int32Array, { special }: Tokenizer): Int32Array {
  const bos = special.bos ?? special.eos;
  return tokens.length > 0 || bos === undefined ? tokens : Int32Array.of(bos);
}
