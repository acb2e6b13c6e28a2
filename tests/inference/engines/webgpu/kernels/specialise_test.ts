/** WGSL out of templates: constants, branches, loops, parts; and what is wrong is said. */
import assert from "node:assert/strict";
import { specialise } from "../../../../../inference/engines/webgpu/kernels/specialise.ts";

const cases: {
  name: string;
  template: string;
  constants?: Record<string, number | boolean | string>;
  text: string;
}[] = [
  { name: "a constant", template: "const n = $Nu;", constants: { Nu: "7u" }, text: "const n = 7u;" },
  { name: "arithmetic", template: "$(A * 2 + B)u", constants: { A: 3, B: 4 }, text: "10u" },
  { name: "names joined", template: "sum_$r_$c", constants: { r: 1, c: 2 }, text: "sum_1_2" },
  { name: "a branch taken", template: "//#if X\na\n//#else\nb\n//#end", constants: { X: true }, text: "a" },
  { name: "a branch not taken", template: "//#if X\na\n//#else\nb\n//#end", constants: { X: 0 }, text: "b" },
  { name: "a negation", template: "//#if !X\na\n//#end", constants: { X: "" }, text: "a" },
  { name: "a comparison", template: "//#if T == silu\na\n//#end", constants: { T: "silu" }, text: "a" },
  {
    name: "loops within loops and branches",
    template: "//#for r in 2\n//#if X\n//#for c in N\n$(r)$(c)\n//#end\n//#end\n//#end",
    constants: { X: true, N: 2 },
    text: "00\n01\n10\n11",
  },
  {
    name: "a loop of no rounds",
    template: "a\n//#for r in N\n$r $Unknown\n//#end",
    constants: { N: 0 },
    text: "a",
  },
];

for (const { name, template, constants = {}, text } of cases) {
  Deno.test(`specialise() writes ${name}`, () => assert.equal(specialise(template, constants), text));
}

Deno.test("specialise() puts in parts, which may include others", () => {
  const parts = { outer: "x\n//#include inner\n", inner: "$N" };
  assert.equal(specialise("//#include outer\nz", { N: 5 }, parts), "x\n5\nz");
});

const faults: [name: string, template: string, message: RegExp][] = [
  ["a constant without a value", "$N", /"N", which has no value/],
  ["a branch that is not closed", "//#if X\na", /not closed/],
  ["an end without a beginning", "a\n//#end", /Stray/],
  ["an unknown directive", "//#while X", /Unknown directive/],
  ["a part that is not there", "//#include other", /No part "other"/],
  ["a fraction", "$(H)", /not a whole number/],
];

for (const [name, template, message] of faults) {
  Deno.test(`specialise() refuses ${name}`, () => {
    assert.throws(() => specialise(template, { X: true, H: 0.5 }), message);
  });
}
