/** The template language of catalogs. */
import assert from "node:assert/strict";
import { resolveList, resolveTemplate, templateValues } from "../../../../gateway/mcp/catalog/template.ts";

const values = templateValues("my.notes", {
  folder: "/home/me/notes",
  level: "debug",
  paths: ["/a", "/b"],
  none: [],
  port: 8080,
  on: false,
  deep: { key: "x" },
  win: "C:\\Users\\me\\notes",
});

const cases: [template: string, value: unknown][] = [
  ["plain", "plain"],
  ["{{my_notes.folder}}", "/home/me/notes"],
  ["--root={{my_notes.folder}}/x", "--root=/home/me/notes/x"],
  ["{{my_notes.deep.key}}", "x"],
  ["{{ my_notes.port }}", 8080],
  ["{{my_notes.on}}", false],
  ["port {{my_notes.port}}, {{my_notes.level}}", "port 8080, debug"],
  ["{{my_notes.missing}}", ""],
  ["{{missing.at.all}}", ""],
  ["{{my_notes.toString}}", ""],
  ["{{my_notes.missing|or:info}}", "info"],
  ["{{my_notes.level|or:info}}", "debug"],
  ["{{my_notes.missing|or:[a, b]}}", ["a", "b"]],
  ["{{my_notes.missing|or:http://x:1}}", "http://x:1"],
  ["{{my_notes.folder|volume}}", "/home/me/notes:/home/me/notes"],
  ["{{my_notes.paths|volume}}", ["/a:/a", "/b:/b"]],
  ["{{my_notes.win|volume}}", "C:\\Users\\me\\notes:/c/Users/me/notes"],
  ["{{my_notes.win|volume-target}}", "/c/Users/me/notes"],
  ["{{my_notes.paths|volume-target|into}}", ["/a", "/b"]],
  ["{{my_notes.folder|into}}", ["/home/me/notes"]],
  ["{{my_notes.missing|volume|into}}", []],
  ["{{my_notes.paths|first}}", "/a"],
  ["{{my_notes.paths|last}}", "/b"],
  ["{{my_notes.paths|mount_as:/data}}", "/a:/data"],
  ["{{my_notes.missing|mount_as:/data}}", ""],
  ["{{my_notes.paths|volume|first}}", "/a:/a"],
];

for (const [template, value] of cases) {
  Deno.test(`${template} is ${JSON.stringify(value)}`, () => {
    assert.deepEqual(resolveTemplate(template, values), value);
  });
}

Deno.test("lists give several arguments, empty volumes go", () => {
  const texts = [
    "serve",
    "{{my_notes.paths|into}}",
    "{{my_notes.missing|volume|into}}",
    "{{my_notes.missing}}",
  ];
  assert.deepEqual(resolveList(texts, values), ["serve", "/a", "/b", ""]);
  assert.deepEqual(resolveList(texts, values, { dropEmpty: true }), ["serve", "/a", "/b"]);
});

Deno.test("an unknown function is told", () => {
  assert.throws(() => resolveTemplate("{{a|upper}}", {}), { code: "invalid_input", message: /"upper"/ });
});
