/** The chat templates that llama.cpp carries, by name. */
import assert from "node:assert/strict";
import { llamaSourceModels } from "../../support/models.ts";

export async function templates(): Promise<Map<string, string>> {
  const folder = `${await llamaSourceModels()}/models/templates`;
  const found = new Map<string, string>();
  for (const { name } of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (name.endsWith(".jinja")) found.set(name.slice(0, -6), await Deno.readTextFile(`${folder}/${name}`));
  }
  assert.ok(found.size >= 34, `${found.size} templates`);
  return found;
}
