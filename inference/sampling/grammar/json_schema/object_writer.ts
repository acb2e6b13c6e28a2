/** Objects: declared properties in their order, then others where the schema allows them. */
import { anyCodePoint } from "../code_points.ts";
import {
  choice,
  empty,
  type Expression,
  nothing,
  optional,
  repeat,
  rule,
  sequence,
  set,
  text,
} from "../grammar.ts";
import { isEmptyLanguage, languageOf, subtract } from "../regular_language.ts";
import { refusal } from "./document.ts";
import { anyCharacter, blank, following, member, quoted } from "./json_text.ts";
import type { Conjunction, ObjectShape } from "./shapes.ts";
import type { SchemaWriter } from "./writer.ts";

interface Property {
  required: boolean;
  /** `"key": value` and a blank. */
  member: Expression;
}

const anyText = repeat(set(anyCodePoint), 0);

/** The text of an object of this shape. Without a word on others, only the declared properties are written. */
export function writeObject(writer: SchemaWriter, shape: ObjectShape, pointers: Conjunction): Expression {
  const properties: Property[] = [];
  for (const [name, value] of shape.properties) {
    if (value === false) continue;
    properties.push({ required: shape.required.has(name), member: member(text(name), writer.value(value)) });
  }
  const others = otherMembers(writer, shape, pointers);
  const counted = shape.max < properties.length || (others !== nothing && shape.max < Infinity) ||
    shape.min > shape.required.size;
  const body = counted
    ? countedMembers(writer, properties, others, shape, pointers)
    : allMembers(writer, properties, others, pointers);
  return sequence(text("{"), blank, body, text("}"));
}

/** One member with a key that is not declared; `nothing` where there may be none. */
function otherMembers(writer: SchemaWriter, shape: ObjectShape, pointers: Conjunction): Expression {
  const { properties, patterns } = shape;
  const closed = shape.additional === false ||
    (shape.additional === undefined && (properties.size > 0 || patterns.length > 0));
  if (!closed && properties.size === 0 && patterns.length === 0) {
    const key = writer.shared("key", () => quoted(repeat(anyCharacter, 0)));
    return otherMember(key, writer.value(shape.additional || []));
  }
  const declared = [...properties.keys()].map((name) => text(name));
  const items: Expression[] = [];
  for (const { expression, value, source } of patterns) {
    const excluded = choice(
      ...declared,
      ...patterns.filter((p) => p.source !== source).map((p) => p.expression),
    );
    const keys = subtract(languageOf(expression), languageOf(excluded));
    if (isEmptyLanguage(keys)) continue;
    items.push(otherMember(quoted(writer.language(keys, `keys at ${pointers}`)), writer.value(value)));
  }
  if (!closed) {
    const keys = subtract(
      languageOf(anyText),
      languageOf(choice(...declared, ...patterns.map((p) => p.expression))),
    );
    const key = quoted(writer.language(keys, `other keys at ${pointers}`));
    if (!isEmptyLanguage(keys)) items.push(otherMember(key, writer.value(shape.additional || [])));
  }
  return items.length === 0 ? nothing : choice(...items);
}

function otherMember(key: Expression, value: Expression): Expression {
  return sequence(key, blank, text(":"), blank, value, blank);
}

/** `tail` rules: what may follow when a member stands before; so each property is written out twice only. */
function allMembers(
  writer: SchemaWriter,
  properties: Property[],
  others: Expression,
  pointers: Conjunction,
): Expression {
  let tail: Expression = others === nothing ? empty : repeat(following(others), 0);
  let head: Expression = others === nothing ? empty : optional(sequence(others, tail));
  for (const { required, member } of properties.toReversed()) {
    const after = rule(writer.add(`members at ${pointers}`, tail));
    const first = sequence(member, after);
    head = required ? first : choice(first, head);
    tail = sequence(required ? following(member) : optional(following(member)), after);
  }
  return head;
}

/** As `allMembers`, with the number of members counted: one rule for each place and number. */
function countedMembers(
  writer: SchemaWriter,
  properties: Property[],
  others: Expression,
  { min, max }: ObjectShape,
  pointers: Conjunction,
): Expression {
  // Keys that are not declared may come twice, which counts as one: they fill one place of the minimum.
  if (min > properties.length + (others === nothing ? 0 : 1)) {
    throw refusal(
      pointers.join(", "),
      "minProperties cannot be enforced for properties that are not declared",
    );
  }
  const written = new Map<string, Expression>();
  const from = (at: number, count: number): Expression => {
    if (count > max) return nothing;
    const key = `${at},${Math.min(count, max === Infinity ? min : count)}`;
    let known = written.get(key);
    if (!known) {
      known = rule(writer.add(`members at ${pointers}`, body(at, count)));
      written.set(key, known);
    }
    return known;
  };
  const put = (e: Expression, count: number) => count > 0 ? following(e) : e;
  const body = (at: number, count: number): Expression => {
    if (at === properties.length) return rest(count);
    const { required, member } = properties[at];
    const taken = count + 1 > max ? nothing : sequence(put(member, count), from(at + 1, count + 1));
    return required ? taken : choice(taken, from(at + 1, count));
  };
  const rest = (count: number): Expression => {
    const needed = Math.max(0, min - count);
    if (others === nothing || count === max) return needed > 0 ? nothing : empty;
    const more = repeat(following(others), 0, max - count - 1);
    const some = sequence(put(others, count), more);
    return needed > 1 ? nothing : needed === 1 ? some : optional(some);
  };
  return from(0, 0);
}
