/** A query and a document as a reranker was trained to read them. */
import type { PromptPiece } from "../chat/format.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { ModelParts } from "./model_parts.ts";
import { encodePieces } from "./prompt.ts";

/**
 * The tokens of a pair; `secondFrom` is where the document begins, for models that tell the two texts apart.
 * Control tokens in what a user wrote are text. Throws "unsupported" for a model whose file does not say how.
 */
export function encodePair(
  query: string,
  document: string,
  { tokenizer, rerankTemplate }: Pick<ModelParts, "tokenizer" | "rerankTemplate">,
): { tokens: Int32Array; secondFrom: number } {
  if (rerankTemplate !== undefined) {
    const pieces = rerankTemplate.split(/(\{query\}|\{document\})/).map((text): PromptPiece => {
      if (text === "{query}") return { text: query, trusted: false };
      return text === "{document}" ? { text: document, trusted: false } : { text, trusted: true };
    });
    const tokens = encodePieces(pieces, tokenizer);
    return { tokens, secondFrom: tokens.length };
  }
  if (tokenizer.encodePair) return tokenizer.encodePair(query, document);
  throw new SkiffError("unsupported", "The model's file does not say how it reads a query and a document");
}
