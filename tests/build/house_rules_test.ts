import { deepStrictEqual as equal } from "node:assert";
import { breaches } from "../../build/house_rules.ts";

const cases: { path: string; text: string; rules: string[] }[] = [
  { path: "core/a/b.ts", text: `import { x } from "../c.ts";`, rules: [] },
  {
    path: "core/a/b.ts",
    text: `import type { X } from "../../inference/x.ts";`,
    rules: ["core must not import inference"],
  },
  {
    path: "inference/a.ts",
    text: `await import("../gateway/b.ts");`,
    rules: ["inference must not import gateway"],
  },
  { path: "gateway/a.ts", text: `export * from "../cmd/b.ts";`, rules: ["gateway must not import cmd"] },
  { path: "cmd/a.ts", text: `import "../tests/x.ts";`, rules: ["the product must not import tests"] },
  { path: "core/utils/x.ts", text: "", rules: ["name a file after what it holds, not utils or helpers"] },
  { path: "core/x.ts", text: "// TO" + "DO later", rules: ["finish it or don't promise it"] },
];

for (const { path, text, rules } of cases) {
  Deno.test(`house rules on ${path}: ${text}`, () => {
    equal(breaches(path, text).map((breach) => breach.rule), rules);
  });
}

Deno.test("core/version.ts and deno.json name the same version", async () => {
  const { version } = await import("../../core/version.ts");
  equal(JSON.parse(await Deno.readTextFile("deno.json")).version, version);
});
