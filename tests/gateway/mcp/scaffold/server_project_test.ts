/** What `server init` writes; that it builds and serves is in server_project_real_test.ts. */
import assert from "node:assert/strict";
import { projectTemplates, writeServerProject } from "../../../../gateway/mcp/scaffold/server_project.ts";
import { parseServer } from "../../../../gateway/mcp/catalog/catalog_text.ts";

async function withFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-project-" });
  try {
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const template of projectTemplates) {
  Deno.test(`${template}: all files, with the name of the folder`, async () => {
    await withFolder(async (folder) => {
      const made = await writeServerProject(`${folder}/My Greeter/`, { template, language: "go" });
      assert.equal(made.name, "my-greeter");
      const present = [...Deno.readDirSync(made.folder)].map(({ name }) => name);
      assert.deepEqual(present.sort(), made.files.toSorted());
      for (const file of made.files) {
        const text = await Deno.readTextFile(`${made.folder}/${file}`);
        assert.ok(text !== "" && !text.includes("SERVER_NAME"), file);
      }
      const catalog = await Deno.readTextFile(`${made.folder}/catalog.yaml`);
      const { image, tools } = parseServer(catalog, "my-greeter", "catalog.yaml");
      assert.deepEqual([image, tools], ["my-greeter:latest", [{ name: "greet" }]]);
    });
  });
}

Deno.test("the current folder gives its own name", async () => {
  await withFolder(async (folder) => {
    const before = Deno.cwd();
    await Deno.mkdir(`${folder}/greeter`);
    Deno.chdir(`${folder}/greeter`);
    try {
      assert.equal((await writeServerProject(".", { template: "basic", language: "go" })).name, "greeter");
    } finally {
      Deno.chdir(before);
    }
  });
});

Deno.test("a folder with something in it, a name that is none and unknown templates are refused", async () => {
  await withFolder(async (folder) => {
    const options = { template: "basic", language: "go" };
    await Deno.writeTextFile(`${folder}/mine.txt`, "mine");
    await assert.rejects(() => writeServerProject(folder, options), {
      code: "conflict",
      message: `directory ${folder} is not empty`,
    });
    await assert.rejects(() => writeServerProject("/", options), { code: "usage" });
    await assert.rejects(() => writeServerProject(`${folder}/mine.txt`, options), {
      code: "invalid_input",
      message: `The folder ${folder}/mine.txt cannot be made: a file is there`,
    });
    await assert.rejects(() => writeServerProject(`${folder}/x`, { ...options, template: "big" }), {
      code: "usage",
    });
    await assert.rejects(() => writeServerProject(`${folder}/x`, { ...options, language: "cobol" }), {
      code: "usage",
    });
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["mine.txt"]);
  });
});
