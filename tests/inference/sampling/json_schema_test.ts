import { ok, strictEqual, throws } from "node:assert/strict";
import { compileConstraint } from "../../../inference/sampling/grammar/mod.ts";
import { bytesAndMore, judgeSpec, randomText, seededRandom } from "../../support/constraint_walk.ts";

const person = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" }, mail: { type: "string" } },
  required: ["name", "age"],
};

const cases: [name: string, schema: unknown, complete: string[], refused: string[]][] = [
  ["nothing said", {}, ["1", '{"a":[null]}', '"x"'], ["{1}", "tru }"]],
  ["true", true, ["1", "[]"], ["x"]],
  ["strings", { type: "string" }, ['""', '"a\\n\\u00e9\\ud83d\\ude00é"'], [
    '"\n',
    '"\\x',
    '"\\ud83d"',
    "a",
    "1",
  ]],
  ["lengths", { type: "string", minLength: 2, maxLength: 3 }, ['"ab"', '"日本語"', '"\\ud83d\\ude00x"'], [
    '"a"',
    '"abcd',
  ]],
  ["integers", { type: "integer" }, ["0", "-12", "1234567890123456"], ["01", "-0", "1.", "1e", "+1"]],
  ["numbers", { type: "number" }, ["0", "-1.5", "2e+10", "0.001"], ["1e999", ".5", "00"]],
  ["integers in a range", { type: "integer", minimum: -12, maximum: 345 }, ["-12", "-9", "0", "99", "345"], [
    "-13",
    "346",
    "400",
    "-20",
  ]],
  ["exclusive bounds", { type: "integer", exclusiveMinimum: 7, exclusiveMaximum: 10 }, ["8", "9"], [
    "7",
    "10",
    "80",
  ]],
  ["numbers in a range", { type: "number", minimum: 0.25, exclusiveMaximum: 3 }, [
    "0.25",
    "0.9",
    "1",
    "2.999",
  ], ["0.24", "0.2x", "3", "-1"]],
  ["multiples", { type: "integer", multipleOf: 7 }, ["0", "49", "-21"], ["7.", "+7", "9129612698127313"]],
  ["enum and const", { enum: ["a", 1, null, { k: [true] }] }, ['"a"', "1", "null", '{ "k": [true]}'], [
    "2",
    '"b"',
    "true",
  ]],
  ["enum beside type", { type: "string", enum: ["a", 1] }, ['"a"'], ["1"]],
  ["types in a list", { type: ["integer", "null"] }, ["3", "null"], ["true", '"']],
  ["nullable", { type: "string", nullable: true }, ["null", '"a"'], ["1"]],
  ["required and optional properties in order", person, [
    '{"name":"A","age":1}',
    '{ "name": "A", "age": 1, "mail": "x" }',
    '{\n  "name": "A",\n  "age": 1\n}',
  ], ['{"age"', '{"name":"A"}', '{"name":"A","mail"', '{"name":"A","age":1,"other"']],
  ["additional properties", {
    type: "object",
    properties: { 'a"b': { type: "null" } },
    additionalProperties: { type: "integer" },
  }, [
    '{"a\\"b":null,"a\\"c":1}',
    '{"x":1}',
    "{}",
  ], ['{"a\\"b":1', '{"x":null', '{"\\u0061\\"b":1']],
  ["properties by pattern", {
    type: "object",
    patternProperties: { "^n_": { type: "integer" }, "^s_": { type: "string" } },
  }, [
    '{"n_a":1,"s_b":"x"}',
  ], ['{"n_a":"', '{"x"']],
  ["numbers of properties", {
    type: "object",
    additionalProperties: { type: "null" },
    minProperties: 1,
    maxProperties: 2,
  }, [
    '{"a":null}',
    '{"a":null,"b":null}',
  ], ["{}", '{"a":null,"b":null,']],
  ["arrays", { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 2 }, ["[1]", "[1, 2]"], [
    "[]",
    "[1,2,",
    '["',
  ]],
  ["tuples", {
    type: "array",
    prefixItems: [{ type: "integer" }, { type: "null" }],
    items: { type: "string" },
    minItems: 1,
  }, [
    "[1]",
    "[1,null]",
    '[1,null,"a","b"]',
  ], ["[]", "[null", "[1,2"]],
  ["tuples of draft 7", { type: "array", items: [{ type: "integer" }], additionalItems: false }, [
    "[]",
    "[1]",
  ], ["[1,"]],
  ["anyOf", { anyOf: [{ type: "integer" }, { type: "array", items: { type: "null" } }] }, ["1", "[null]"], [
    "null",
    "[1",
  ]],
  ["keywords beside anyOf", {
    type: "object",
    properties: { a: { type: "integer" } },
    anyOf: [{ required: ["a"] }, { properties: { b: { const: 1 } }, required: ["b"] }],
  }, [
    '{"a":1}',
    '{"b":1}',
    '{"a":1,"b":1}',
  ], ["{}"]],
  [
    "oneOf told apart by a const",
    {
      oneOf: ["x", "y"].map((kind) => ({
        type: "object",
        properties: { kind: { const: kind } },
        required: ["kind"],
      })),
    },
    ['{"kind":"x"}', '{"kind":"y"}'],
    ['{"kind":"z"'],
  ],
  [
    "oneOf told apart by what is required",
    {
      type: "object",
      properties: { a: { type: "null" }, b: { type: "null" }, c: { type: "null" } },
      required: ["c"],
      oneOf: [{ required: ["a"] }, { required: ["b"] }],
    },
    ['{"a":null,"c":null}', '{"b":null,"c":null}'],
    ['{"a":null,"b"', '{"c"'],
  ],
  ["allOf", { allOf: [{ type: "integer", minimum: 3 }, { type: ["integer", "string"], maximum: 5 }] }, [
    "3",
    "5",
  ], ["2", "6", '"']],
  [
    "allOf of objects",
    {
      allOf: [{ type: "object", properties: { a: { minimum: 1 } }, required: ["a"] }, {
        properties: { a: { type: "integer", maximum: 2 }, b: {} },
      }],
    },
    ['{"a":1}', '{"a":2,"b":[]}'],
    ['{"a":3', "{}", '{"a":0'],
  ],
  ["references", { $defs: { n: { type: "integer" } }, type: "array", items: { $ref: "#/$defs/n" } }, [
    "[1,2]",
  ], ['["']],
  ["recursive references", {
    type: "object",
    properties: { next: { anyOf: [{ $ref: "#" }, { type: "null" }] } },
  }, [
    '{"next":{"next":null}}',
    "{}",
  ], ['{"next":1']],
  [
    "pointers with escapes and anchors",
    {
      definitions: { "a/b": { type: "null" }, c: { $anchor: "sea", type: "boolean" } },
      anyOf: [{ $ref: "#/definitions/a~1b" }, { $ref: "#sea" }],
    },
    ["null", "true"],
    ["1"],
  ],
  ["patterns", { type: "string", pattern: "^[A-Z]\\w{1,2}(-\\d+)?$" }, ['"Ab"', '"Abc-12"'], [
    '"A"',
    '"ab',
    '"Ab-"',
  ]],
  ["patterns within", { type: "string", pattern: "\\d" }, ['"1"', '"ab3c"'], ['"ab"']],
  ["patterns with characters that JSON escapes", { type: "string", pattern: '^"\\\\\n$' }, ['"\\"\\\\\\n"'], [
    '""',
    '"\\u0022',
  ]],
  ["pattern and length", { type: "string", pattern: "^(ab)+$", minLength: 3, maxLength: 6 }, [
    '"abab"',
    '"ababab"',
  ], ['"ab"', '"abababa']],
  ["dates", { type: "string", format: "date" }, ['"2024-02-29"', '"1999-12-31"'], [
    '"2023-02-29',
    '"2024-13',
    '"2024-04-31',
  ]],
  ["times", { type: "string", format: "date-time" }, [
    '"2024-02-29T23:59:59Z"',
    '"2024-01-01T00:00:00.5+02:00"',
  ], ['"2024-01-01T24', '"2024-01-01T00:00:00"']],
  ["addresses", { type: "string", format: "ipv6" }, [
    '"::1"',
    '"2001:db8::ff00:42:8329"',
    '"1:2:3:4:5:6:7:8"',
  ], ['"1:2:3"', '":1', '"g']],
  ["durations", { type: "string", format: "duration" }, ['"P1DT2H"', '"P3W"', '"PT5S"'], [
    '"P"',
    '"PT"',
    '"P1H"',
  ]],
  ["an unknown format", { type: "string", format: "colour" }, ['"red"'], ["1"]],
  ["annotations", { type: "null", title: "t", default: 3, "x-any": 1, $comment: "c" }, ["null"], ["3"]],
];

for (const [name, schema, complete, refused] of cases) {
  Deno.test(`a schema with ${name}`, () => {
    const judged = (text: string) => judgeSpec({ kind: "json_schema", schema }, text);
    for (const text of complete) strictEqual(judged(text), "complete", text);
    for (const text of refused) strictEqual(judged(text), "refused", text);
  });
}

const refusals: [schema: unknown, message: RegExp][] = [
  [{ type: "array", contains: {} }, /: #\/contains: "contains" cannot be enforced/],
  [{ properties: { "a/b": { type: "array", uniqueItems: true } } }, /: #\/properties\/a~1b\/uniqueItems: /],
  [{ not: { type: "null" } }, /: #\/not: /],
  [{ if: {}, then: {} }, /: #\/if: /],
  [{ type: "number", multipleOf: 0.1 }, /: #\/multipleOf: only whole numbers/],
  [{ type: "string", pattern: "(?=a)b" }, /: #\/pattern: .*look-around/],
  [{ type: "string", pattern: "(" }, /: #\/pattern: .*not a regular expression/],
  [{ type: "text" }, /: #\/type: "text" is not a type of JSON/],
  [{ $ref: "#/$defs/none" }, /: #\/\$ref: "#\/\$defs\/none" leads nowhere/],
  [{ $ref: "https://example.com/schema" }, /: #\/\$ref: .* outside of the schema/],
  [{ $ref: "#" }, /leads back to itself/],
  [{ anyOf: [{ type: "null" }, { allOf: [{ $ref: "#" }] }] }, /back to itself/],
  [{ anyOf: [] }, /: #\/anyOf: /],
  [{ properties: { a: 3 } }, /: #\/properties\/a: a schema is an object/],
  [{ type: "string", minLength: -1 }, /: #\/minLength: a whole number/],
  [
    { oneOf: [{ type: "integer" }, { type: "number" }] },
    /: #\/oneOf: a value may match both branch 0 and branch 1/,
  ],
  [{ type: "object", additionalProperties: true, minProperties: 3 }, /minProperties cannot be enforced/],
  [{ type: "object", properties: { a: { $ref: "#" } }, required: ["a"] }, /no finite text/],
  [{ enum: [] }, /no finite text/],
  [{ type: "integer", minimum: 3, maximum: 2 }, /no finite text/],
  ["string", /: #: a schema is an object, true or false/],
];

for (const [schema, message] of refusals) {
  Deno.test(`the schema ${JSON.stringify(schema)} is refused`, () => {
    throws(() => compileConstraint({ kind: "json_schema", schema }, bytesAndMore), {
      code: "invalid_input",
      message,
    });
  });
}

Deno.test("hostile schemas are refused", () => {
  let deep: unknown = { type: "null" };
  for (let i = 0; i < 20_000; i++) deep = { type: "array", items: deep };
  const branches = Array.from({ length: 30 }, (_, i) => ({ minimum: i }));
  const many = { type: "integer", allOf: Array.from({ length: 30 }, () => ({ anyOf: branches })) };
  const complex = { type: "object", patternProperties: { "^(a|b)*a(a|b){20}$": {}, "^x": {} } };
  for (const [schema, message] of [[many, /too many ways/], [complex, /too complex/]]) {
    throws(() => judgeSpec({ kind: "json_schema", schema }, ""), { code: "invalid_input", message });
  }
  throws(() => judgeSpec({ kind: "gbnf", grammar: `root ::= ${"(".repeat(50_000)}` }, ""), {
    code: "invalid_input",
    message: /nested too deeply/,
  });
  throws(() => judgeSpec({ kind: "json_schema", schema: deep }, ""), { code: "invalid_input" });
});

Deno.test("huge limits are no trouble", () => {
  const long = "ab".repeat(400);
  for (const pattern of [undefined, "^(ab)+$"]) {
    const items = { type: "string", pattern, maxLength: 2 ** 31 - 1 };
    const spec = { kind: "json_schema" as const, schema: { type: "array", items, maxItems: 10 ** 9 } };
    strictEqual(judgeSpec(spec, `["${long}", "${long}"]`), "complete");
  }
});

Deno.test("strict schemas refuse unknown keywords and formats", () => {
  for (const schema of [{ type: "string", format: "colour" }, { type: "string", maxlength: 3 }]) {
    throws(
      () => compileConstraint({ kind: "json_schema", schema, strict: true }, bytesAndMore),
      { code: "invalid_input", message: /: #\/(format|maxlength): / },
    );
  }
});

Deno.test("json_object allows objects only, and texts made under it parse", () => {
  strictEqual(judgeSpec({ kind: "json_object" }, '{"a": {"b": [1.5, "x", true]}}'), "complete");
  for (const text of ["[", "1", '"', " {"]) {
    strictEqual(judgeSpec({ kind: "json_object" }, text), "refused", text);
  }
  const constraint = compileConstraint({ kind: "json_object" }, bytesAndMore);
  const random = seededRandom(7);
  const texts = Array.from({ length: 40 }, () => randomText(constraint, bytesAndMore, random));
  const ended = texts.filter((text) => text !== undefined);
  ok(ended.length > 10);
  for (const text of ended) strictEqual(typeof JSON.parse(text), "object", text);
});

Deno.test("whitespace is bounded", () => {
  const spec = { kind: "json_object" as const };
  strictEqual(judgeSpec(spec, `{\n${" ".repeat(20)}`), "partial");
  strictEqual(judgeSpec(spec, `{\n${" ".repeat(21)}`), "refused");
  strictEqual(judgeSpec(spec, "{  "), "refused");
  strictEqual(judgeSpec(spec, "{} "), "refused");
});
