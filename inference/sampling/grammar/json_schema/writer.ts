/** Alternatives -> grammar rules for their JSON text. One rule for each set of schemas that must hold together. */
import {
  choice,
  empty,
  type Expression,
  nothing,
  optional,
  repeat,
  type Rule,
  rule,
  sequence,
  text,
} from "../grammar.ts";
import {
  intersect,
  languageExpression,
  languageOf,
  LanguageTooLarge,
  lengthLanguage,
  type RegularLanguage,
} from "../regular_language.ts";
import { annotations, below, isObject, refusal } from "./document.ts";
import { anyCharacter, blank, following, inString, literal, quoted } from "./json_text.ts";
import { multiplesOf, numberExpression } from "./numbers.ts";
import { writeObject } from "./object_writer.ts";
import type { SchemaReader } from "./reader.ts";
import type { Alternative, ArrayShape, Conjunction, NumberShape, StringShape } from "./shapes.ts";

/** Characters and items are counted as far as this; schemas that allow more get so many. */
const mostCounted = 65_536;

/** Above it, a double may round a multiple to what is none. */
const largestExact = 10 ** 15;

export class SchemaWriter {
  readonly #reader: SchemaReader;
  readonly #rules: Rule[];
  /** Before the names of rules, which only messages show. */
  readonly #prefix: string;
  readonly #written = new Map<string, number>();
  readonly #shared = new Map<string, number>();

  constructor(reader: SchemaReader, rules: Rule[], prefix: string) {
    this.#reader = reader;
    this.#rules = rules;
    this.#prefix = prefix;
  }

  /** The rule for values that satisfy all of the schemas. */
  value(pointers: Conjunction): Expression {
    const key = pointers.join(" & ");
    let index = this.#written.get(key);
    if (index === undefined) {
      index = this.add(key || "any value", nothing);
      this.#written.set(key, index);
      this.#rules[index].body = this.#body(pointers);
    }
    return rule(index);
  }

  /** A new rule; its index. */
  add(name: string, body: Expression): number {
    return this.#rules.push({ name: this.#prefix + name, body }) - 1;
  }

  /** A rule that is written once and used in many places. */
  shared(name: string, body: () => Expression): Expression {
    let index = this.#shared.get(name);
    if (index === undefined) {
      index = this.add(name, nothing);
      this.#shared.set(name, index);
      this.#rules[index].body = body();
    }
    return rule(index);
  }

  /** The text of a string in a regular language, without the quotes. */
  language(language: RegularLanguage, name: string): Expression {
    return languageExpression(language, this.#rules, this.#prefix + name, inString);
  }

  #body(pointers: Conjunction): Expression {
    const branches = pointers.length === 1 ? this.#plainUnion(pointers[0]) : undefined;
    if (branches) return choice(...branches.map((branch) => this.value([branch])));
    return {
      kind: "choice",
      items: this.#reader.readAll(pointers).map((a) => this.#alternative(a, pointers)),
    };
  }

  /** The branches of a schema that is nothing but an anyOf: each gets its own rule. */
  #plainUnion(pointer: string): string[] | undefined {
    const { document } = this.#reader;
    const schema = document.at(pointer);
    if (!isObject(schema) || !Array.isArray(schema.anyOf)) return undefined;
    if (Object.keys(schema).some((key) => key !== "anyOf" && !annotations.has(key))) return undefined;
    this.#reader.read(pointer); // checks it
    return schema.anyOf.map((_, i) => document.canonical(below(pointer, "anyOf", i)));
  }

  #alternative(alternative: Alternative, pointers: Conjunction): Expression {
    switch (alternative.type) {
      case "null":
        return text("null");
      case "boolean":
        return choice(text("true"), text("false"));
      case "value":
        return literal(alternative.value);
      case "number":
        return this.#number(alternative, pointers);
      case "string":
        return this.#string(alternative, pointers);
      case "array":
        return this.#array(alternative);
      case "object":
        return writeObject(this, alternative, pointers);
    }
  }

  #number(shape: NumberShape, pointers: Conjunction): Expression {
    if (shape.multipleOf === undefined) return numberExpression(shape);
    const { min = -Infinity, max = Infinity } = shape;
    const [low, high] = [Math.max(min, -largestExact), Math.min(max, largestExact)];
    const plain = numberExpression({ ...shape, min: low, max: high });
    const name = `multiples at ${pointers}`;
    return this.#within(pointers, () => {
      const language = intersect(languageOf(plain), multiplesOf(shape.multipleOf!));
      return languageExpression(language, this.#rules, this.#prefix + name, (e) => e);
    });
  }

  #string(shape: StringShape, pointers: Conjunction): Expression {
    const { min, max, matches } = shape;
    const anyLength = min === 0 && max === Infinity;
    if (matches.length === 0) {
      if (anyLength) return this.shared("string", () => quoted(repeat(anyCharacter, 0)));
      const most = Math.max(min, Math.min(max, mostCounted)); // a shorter limit keeps to the longer one
      return this.shared(`string of ${min} to ${max}`, () => {
        return quoted(
          repeat(this.shared("character", () => anyCharacter), min, max === Infinity ? max : most),
        );
      });
    }
    if (matches.length === 1 && anyLength) return quoted(inString(matches[0].expression));
    return quoted(this.language(this.#within(pointers, () => textLanguage(shape)), `string at ${pointers}`));
  }

  /** Regular languages may grow too large to be written down. */
  #within<T>(pointers: Conjunction, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof LanguageTooLarge)) throw error;
      throw refusal(
        pointers.join(", "),
        "its pattern, format and lengths together are too complex to be enforced",
      );
    }
  }

  #array({ prefix, items, min, max }: ArrayShape): Expression {
    const rest = items === false ? undefined : sequence(this.value(items), blank);
    if (rest === undefined) max = Math.min(max, prefix.length);
    if (max !== Infinity) max = Math.max(min, Math.min(max, mostCounted));
    const needed = Math.min(min, prefix.length);
    let tail = empty;
    if (max > prefix.length) {
      const most = max - prefix.length;
      const least = Math.max(0, min - prefix.length);
      tail = prefix.length > 0 ? repeat(following(rest!), least, most) : choice(
        ...(least === 0 ? [empty] : []),
        sequence(rest!, repeat(following(rest!), Math.max(0, least - 1), most - 1)),
      );
    }
    for (let i = Math.min(prefix.length, max) - 1; i >= 0; i--) {
      const item = sequence(this.value(prefix[i]), blank);
      const more = sequence(i > 0 ? following(item) : item, tail);
      tail = i < needed ? more : optional(more);
    }
    return sequence(text("["), blank, tail, text("]"));
  }
}

/** Texts that match everything and keep to the lengths. Where that grows too large, only shorter ones. */
function textLanguage({ min, max, matches }: StringShape): RegularLanguage {
  const matching = matches.map(({ expression }) => languageOf(expression)).reduce(intersect);
  if (min === 0 && max === Infinity) return matching;
  for (let most = Math.min(max, 4096);; most = Math.floor(most / 2)) {
    try {
      return intersect(matching, lengthLanguage(min, max === Infinity ? max : most));
    } catch (error) {
      if (!(error instanceof LanguageTooLarge) || max === Infinity || most / 2 < Math.max(min, 64)) {
        throw error;
      }
    }
  }
}
