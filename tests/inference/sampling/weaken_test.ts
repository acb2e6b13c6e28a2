/** Schemas that cannot be enforced as they are: what of them still is, where they may be weakened. */
import { deepStrictEqual as equal, strictEqual, throws } from "node:assert/strict";
import { compileConstraint } from "../../../inference/sampling/grammar/mod.ts";
import { weakened } from "../../../inference/sampling/grammar/json_schema/weaken.ts";
import type { ConstraintSpec } from "../../../inference/sampling/options.ts";
import { bytesAndMore, judgeSpec } from "../../support/constraint_walk.ts";

const spec = (schema: unknown, weakenable: string[]): ConstraintSpec => ({
  kind: "gbnf",
  grammar: "root ::= args",
  schemas: { args: schema },
  weakenable,
});

const property = (a: unknown, more: Record<string, unknown> = {}) => ({
  type: "object",
  properties: { a },
  required: ["a"],
  additionalProperties: false,
  ...more,
});

const cases: [name: string, schema: unknown, complete: string[], refused: string[]][] = [
  ["not", property({ type: "integer", not: { const: 3 } }), ['{"a":3}', '{"a":4}'], ['{"a":"x"', "{}"]],
  [
    "if, then, else",
    {
      ...property({ type: "integer" }),
      if: { properties: { a: { const: 1 } } },
      then: { required: ["b"] },
      else: {},
    },
    ['{"a":1}'],
    ['{"b"', '{"a":"'],
  ],
  ["propertyNames", {
    type: "object",
    propertyNames: { pattern: "^x" },
    additionalProperties: { type: "integer" },
  }, [
    '{"y":1}',
  ], ['{"y":"']],
  ["dependentRequired", property({ type: "null" }, { dependentRequired: { a: ["b"] } }), ['{"a":null}'], [
    '{"b"',
  ]],
  [
    "contains",
    property({ type: "array", items: { type: "integer" }, contains: { const: 1 } }),
    ['{"a":[2]}'],
    [
      '{"a":["',
    ],
  ],
  [
    "uniqueItems",
    property({ type: "array", items: { type: "integer" }, uniqueItems: true }),
    ['{"a":[2,2]}'],
    [
      '{"a":["',
    ],
  ],
  ["a pattern that is not regular", property({ type: "string", pattern: "^(?!x)" }), ['{"a":"x"}'], [
    '{"a":1',
  ]],
  ["a pattern that is none", property({ type: "string", pattern: "(" }), ['{"a":"("}'], ['{"a":1']],
  [
    "forbidden keys by pattern",
    {
      type: "object",
      properties: { a: { type: "integer" } },
      patternProperties: { "^x": false },
      additionalProperties: false,
    },
    ['{"a":1}', "{}"],
    ['{"a":"'],
  ],
  ["overlapping oneOf", property({ oneOf: [{ type: "integer" }, { type: "number" }] }), [
    '{"a":1}',
    '{"a":0.5}',
  ], [
    '{"a":"',
  ]],
  [
    "overlapping oneOf beside anyOf",
    {
      anyOf: [property({ type: "integer" })],
      oneOf: [property({}), property({ type: "integer" })],
    },
    ['{"a":1}'],
    ['{"a":"'],
  ],
  ["a reference that leads nowhere", property({ $ref: "#/$defs/none" }), ['{"a":1}', '{"a":"x"}'], ["{}"]],
  ["a reference to elsewhere", property({ $ref: "https://example.com/schema" }), ['{"a":null}'], ["[]"]],
  ["an unknown type", property({ type: "any" }), ['{"a":1}', '{"a":"x"}'], ["1"]],
  ["a fraction as multipleOf", property({ type: "number", multipleOf: 0.1 }), ['{"a":0.5}'], ['{"a":"']],
  ["a schema that refers to itself", { $ref: "#" }, ["{}", '{"a":1}'], []],
  ["a schema that is none", "string", ["{}"], ["1"]],
  [
    "several faults",
    property({ type: "string", not: {}, pattern: "\\bx" }, { unevaluatedProperties: false }),
    [
      '{"a":"y"}',
    ],
    ['{"a":1', '{"b"'],
  ],
  [
    "names that look like keywords",
    property({ type: "integer" }, {
      properties: { a: { type: "integer" }, not: { type: "string", not: {} }, items: { type: "null" } },
    }),
    ['{"a":1,"not":"x","items":null}'],
    ['{"a":1,"not":1', '{"a":1,"items":1'],
  ],
];

for (const [name, schema, complete, refused] of cases) {
  Deno.test(`weakened: ${name}`, () => {
    throws(() => compileConstraint(spec(schema, []), bytesAndMore), { code: "invalid_input" });
    const weak = spec(schema, ["args"]);
    for (const text of complete) strictEqual(judgeSpec(weak, text), "complete", text);
    for (const text of refused) strictEqual(judgeSpec(weak, text) === "complete", false, text);
  });
}

Deno.test("what can be enforced is left alone, and the given schema is not changed", () => {
  const schema = property({ type: "integer", not: {} });
  const before = structuredClone(schema);
  equal(weakened(schema, "#/properties/a/not"), property({ type: "integer" }));
  equal(schema, before);
});

Deno.test("schemas too large together become any object", () => {
  const huge = property({ type: "array", items: { type: "string", minLength: 60000 }, minItems: 60000 });
  const deep = JSON.parse(`${'{"items":'.repeat(20000)}{}${"}".repeat(20000)}`);
  for (const schema of [deep, huge]) {
    const state = compileConstraint(spec(schema, ["args"]), bytesAndMore).start("{");
    strictEqual(state !== undefined, true);
  }
});
