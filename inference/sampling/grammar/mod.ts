/** Grammars and JSON Schemas -> which tokens may come next. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Tokenizer } from "../../tokenizer/tokenizer.ts";
import type { CompiledConstraint, ConstraintSpec } from "../options.ts";
import { Automaton } from "./automaton.ts";
import { compiledConstraint } from "./constraint.ts";
import { parseGbnf } from "./gbnf.ts";
import { type Grammar, type Rule, rule } from "./grammar.ts";
import { addSchemaRules, addWeakenedRules, jsonObjectGrammar, jsonSchemaGrammar } from "./json_schema/mod.ts";
import { buildNetwork } from "./network.ts";
import { LanguageTooLarge } from "./regular_language.ts";
import { createMaskCache, type MaskCache, TokenMasks } from "./token_masks.ts";
import { tokenTrie } from "./token_trie.ts";

/** Constraints kept compiled for each vocabulary: a server sees the same few schemas again and again. */
const keptConstraints = 64;

interface VocabularyCaches {
  constraints: Map<string, CompiledConstraint>;
  masks: MaskCache;
}

const caches = new WeakMap<Tokenizer, VocabularyCaches>();

/**
 * Compiles a constraint for a vocabulary; the same spec gives the same object again (the 64 used last are kept).
 * @throws SkiffError "invalid_input" for a grammar with a mistake (line and column) and for a schema that is
 * malformed or cannot be enforced (JSON pointer of the keyword).
 */
export function compileConstraint(spec: ConstraintSpec, tokenizer: Tokenizer): CompiledConstraint {
  let cache = caches.get(tokenizer);
  if (!cache) caches.set(tokenizer, cache = { constraints: new Map(), masks: createMaskCache() });
  const key = withinLimits(spec, () => JSON.stringify(spec));
  const known = cache.constraints.get(key);
  const constraint = known ?? compile(spec, tokenizer, cache.masks);
  cache.constraints.delete(key);
  cache.constraints.set(key, constraint);
  if (cache.constraints.size > keptConstraints) {
    cache.constraints.delete(cache.constraints.keys().next().value!);
  }
  return constraint;
}

function compile(spec: ConstraintSpec, tokenizer: Tokenizer, masks: MaskCache): CompiledConstraint {
  const automaton = new Automaton(withinLimits(spec, () => network(spec, tokenizer)));
  return compiledConstraint(automaton, new TokenMasks(automaton, tokenTrie(tokenizer), masks));
}

/** Where schemas that may be weakened are too large together, they become any object. */
function network(spec: ConstraintSpec, tokenizer: Tokenizer) {
  try {
    return buildNetwork(grammarOf(spec, tokenizer));
  } catch (error) {
    const tooLarge = error instanceof LanguageTooLarge || error instanceof RangeError;
    if (!tooLarge || spec.kind !== "gbnf" || !spec.weakenable?.length) throw error;
    const plain = spec.weakenable.map((name) => [name, { type: "object" }]);
    const schemas = { ...spec.schemas, ...Object.fromEntries(plain) };
    return buildNetwork(grammarOf({ ...spec, schemas, weakenable: [] }, tokenizer));
  }
}

/** What is too large for the machine's stack, or for an automaton, is the user's to change. */
function withinLimits<T>(spec: ConstraintSpec, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const what = spec.kind === "gbnf" ? "grammar" : "JSON schema";
    if (cause instanceof LanguageTooLarge) {
      const hint = "Use simpler patterns, or fewer of them for one value.";
      throw new SkiffError("invalid_input", `Cannot use the ${what}: its patterns are too complex`, {
        hint,
        cause,
      });
    }
    if (cause instanceof RangeError) {
      const hint = "Give deeply nested parts names, and refer to them.";
      throw new SkiffError("invalid_input", `Cannot use the ${what}: it is nested too deeply`, {
        hint,
        cause,
      });
    }
    throw cause;
  }
}

function grammarOf(spec: ConstraintSpec, tokenizer: Tokenizer): Grammar {
  switch (spec.kind) {
    case "json_object":
      return jsonObjectGrammar();
    case "json_schema":
      return jsonSchemaGrammar(spec.schema, { strict: spec.strict });
    case "gbnf": {
      const rules: Rule[] = [];
      for (const [name, schema] of Object.entries(spec.schemas ?? {})) {
        const add = spec.weakenable?.includes(name) ? addWeakenedRules : addSchemaRules;
        const body = add(rules, schema, { name });
        rules.push({ name, body: rule(body) });
      }
      const findToken = (text: string) => tokenizer.find(text);
      return parseGbnf(spec.grammar, { rules, findToken, vocabularySize: tokenizer.size });
    }
  }
}
