/** JSON Schemas made at random, of the keywords that are enforced. */

type Random = () => number;
type SchemaObject = Record<string, unknown>;

const names = ["a", "name", "ä b", 'quo"te', "back\\slash", "ab", "items", "x_1", ""];
const patterns = [
  "^[a-z]{2,5}$",
  "\\d+",
  "^(foo|ba[rz])+$",
  "^\\S+ \\S+$",
  '[^"\\\\]{3}',
  "^\\p{Lu}\\w*$",
  "^a|b$",
  "",
];
const formats = ["date", "time", "date-time", "uuid", "email", "ipv4", "ipv6", "uri", "hostname", "duration"];

/** A schema with `$defs` that its parts refer to, also recursively. */
export function randomSchema(random: Random): SchemaObject {
  const root = part(random, 3);
  root.$defs = {
    leaf: part(random, 0),
    tree: {
      type: "object",
      properties: {
        value: { $ref: "#/$defs/leaf" },
        kids: { type: "array", items: { $ref: "#/$defs/tree" }, maxItems: 2 },
      },
      required: ["value"],
      additionalProperties: false,
    },
  };
  return root;
}

function part(random: Random, depth: number): SchemaObject {
  const leaves = [text, text, number, number, constant, simple];
  const nodes = [array, object, object, union, exclusive, merged, reference];
  const makers = depth > 0 ? [...leaves, ...nodes, ...nodes] : leaves;
  return pick(random, makers)(random, depth - 1);
}

function pick<T>(random: Random, list: T[]): T {
  return list[Math.floor(random() * list.length)];
}

function upTo(random: Random, most: number): number {
  return Math.floor(random() * (most + 1));
}

function text(random: Random): SchemaObject {
  const schema: SchemaObject = { type: "string" };
  const kind = random();
  if (kind < 0.3) {
    schema.minLength = upTo(random, 4);
    schema.maxLength = (schema.minLength as number) + upTo(random, 6);
  } else if (kind < 0.55) schema.pattern = pick(random, patterns);
  else if (kind < 0.7) Object.assign(schema, { pattern: pick(random, patterns.slice(0, 3)), maxLength: 6 });
  else if (kind < 0.9) schema.format = pick(random, formats);
  return schema;
}

function number(random: Random): SchemaObject {
  const schema: SchemaObject = { type: pick(random, ["integer", "number"]) };
  const low = pick(random, [-1000, -17, -1, -0.5, 0, 0.25, 1, 9, 99, 1.125, 123456]);
  const width = pick(random, [1, 2, 10.5, 99, 100000, 0.75]);
  if (schema.type === "integer" && random() < 0.2) schema.multipleOf = pick(random, [2, 5, 7, 10]);
  const kind = random();
  if (kind < 0.2) schema.minimum = low;
  else if (kind < 0.35) schema.exclusiveMinimum = low;
  else if (kind < 0.5) schema.maximum = low;
  else if (kind < 0.6) schema.exclusiveMaximum = low;
  else if (kind < 0.8) Object.assign(schema, { minimum: low, exclusiveMaximum: Math.ceil(low + width * 20) });
  else if (kind < 0.9) Object.assign(schema, { exclusiveMinimum: low, maximum: Math.ceil(low + width * 20) });
  return schema;
}

function constant(random: Random): SchemaObject {
  const values = ["red", 'a"b\\c\n', 1, -2.5, true, null, { k: [1, "é"] }, [], ""];
  if (random() < 0.4) return { const: pick(random, values) };
  return { enum: values.filter(() => random() < 0.5).concat("blue") };
}

function simple(random: Random): SchemaObject {
  return pick<SchemaObject>(random, [
    { type: "boolean" },
    { type: "null" },
    { type: ["string", "null"], maxLength: 3 },
    { type: ["integer", "boolean"], minimum: 3 },
    {},
  ]);
}

function array(random: Random, depth: number): SchemaObject {
  const schema: SchemaObject = { type: "array", items: part(random, depth), maxItems: 1 + upTo(random, 3) };
  if (random() < 0.5) schema.minItems = upTo(random, schema.maxItems as number);
  if (random() < 0.25) schema.prefixItems = [part(random, 0), part(random, depth)];
  if (random() < 0.1) schema.items = false;
  if (schema.items === false) delete schema.minItems;
  return schema;
}

function object(random: Random, depth: number): SchemaObject {
  const declared = names.filter(() => random() < 0.35);
  const schema: SchemaObject = {
    type: "object",
    properties: Object.fromEntries(declared.map((name) => [name, part(random, depth)])),
    required: declared.filter(() => random() < 0.5),
  };
  const kind = random();
  if (kind < 0.4) schema.additionalProperties = false;
  else if (kind < 0.55) schema.additionalProperties = true;
  else if (kind < 0.7) schema.additionalProperties = part(random, 0);
  else if (kind < 0.85) schema.patternProperties = { "^x-": { type: "integer" }, "^a": {} };
  const { length } = schema.required as string[];
  if (random() < 0.2) schema.minProperties = Math.min(declared.length, length + 1);
  if (random() < 0.2) schema.maxProperties = length + 1 + upTo(random, 2);
  return schema;
}

function union(random: Random, depth: number): SchemaObject {
  return { anyOf: [part(random, depth), part(random, depth), { type: "null" }] };
}

function exclusive(random: Random, depth: number): SchemaObject {
  if (random() < 0.4) {
    const { properties } = object(random, depth) as { properties: SchemaObject };
    const oneOf = [{ required: ["p"] }, { required: ["q"], properties: { r: { type: "null" } } }];
    return { type: "object", properties: { p: text(random), q: {}, r: {}, ...properties }, oneOf };
  }
  const branch = (kind: string): SchemaObject => ({
    type: "object",
    properties: { kind: { const: kind }, value: part(random, depth) },
    required: ["kind"],
  });
  return { oneOf: [branch("one"), branch("two"), { type: "string", maxLength: 2 }] };
}

function merged(random: Random): SchemaObject {
  if (random() < 0.5) {
    return {
      allOf: [{ type: "number", minimum: -3 }, { type: ["integer", "string"], maximum: 40, minLength: 2 }],
    };
  }
  const other = {
    type: "object",
    properties: { b: { type: "integer", minimum: 2 }, c: number(random) },
    required: ["b"],
  };
  return { type: "object", properties: { a: text(random), b: { maximum: 9 } }, allOf: [other] };
}

function reference(random: Random): SchemaObject {
  return { $ref: pick(random, ["#/$defs/leaf", "#/$defs/tree"]), description: "beside a reference" };
}
