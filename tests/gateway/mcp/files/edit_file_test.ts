/** Files that others share: never half-written, through links, with mode, mark and line ends. */
import assert from "node:assert/strict";
import { editFile, readText } from "../../../../gateway/mcp/files/edit_file.ts";

async function withFolder(
  fn: (folder: string, env: { get(name: string): string | undefined }) => Promise<void>,
) {
  const folder = await Deno.makeTempDir({ prefix: "skedit-" });
  try {
    await fn(folder, { get: (name) => name === "SKIFF_HOME" ? `${folder}/skiff` : undefined });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("line ends and the byte order mark stay; change sees neither", async () => {
  await withFolder(async (folder, env) => {
    const path = `${folder}/f`;
    await Deno.writeTextFile(path, "\uFEFFa\r\nb\r\n");
    let seen: string | undefined;
    assert.equal(await editFile(path, (text) => (seen = text, `${text}c\n`), { env }), true);
    assert.equal(seen, "a\nb\n");
    assert.equal(
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(await Deno.readFile(path)),
      "\uFEFFa\r\nb\r\nc\r\n",
    );
  });
});

Deno.test("a file with both kinds of line ends keeps each", async () => {
  await withFolder(async (folder, env) => {
    await Deno.writeTextFile(`${folder}/f`, "a\r\nb\nc\r\n");
    await editFile(`${folder}/f`, (text) => `${text}d\n`, { env });
    assert.equal(await Deno.readTextFile(`${folder}/f`), "a\r\nb\nc\r\nd\n");
  });
});

Deno.test("null removes the file, unless another program wrote it meanwhile", async () => {
  await withFolder(async (folder, env) => {
    await Deno.writeTextFile(`${folder}/f`, "a");
    let asked = 0;
    const change = async (text?: string) => {
      if (++asked === 1) await Deno.writeTextFile(`${folder}/f`, "b");
      return text === "a" ? null : undefined;
    };
    assert.equal(await editFile(`${folder}/f`, change, { env }), false);
    assert.equal(await Deno.readTextFile(`${folder}/f`), "b");
    assert.equal(await editFile(`${folder}/f`, () => null, { env }), true);
    assert.equal(await readText(`${folder}/f`), undefined);
    assert.equal(await editFile(`${folder}/f`, () => null, { env }), false);
  });
});

Deno.test("a link stays a link, the mode stays, nothing is left beside the file", async () => {
  await withFolder(async (folder, env) => {
    await Deno.mkdir(`${folder}/real`);
    await Deno.writeTextFile(`${folder}/real/f`, "old", { mode: 0o640 });
    await Deno.chmod(`${folder}/real/f`, 0o640);
    await Deno.symlink("real/f", `${folder}/link`);
    await editFile(`${folder}/link`, () => "new", { env, backup: "beside" });
    assert.equal(await Deno.readLink(`${folder}/link`), "real/f");
    assert.equal(await Deno.readTextFile(`${folder}/real/f`), "new");
    assert.equal((await Deno.stat(`${folder}/real/f`)).mode! & 0o777, 0o640);
    assert.deepEqual(Array.from(Deno.readDirSync(`${folder}/real`), ({ name }) => name).sort(), [
      "f",
      "f.skiff-backup",
    ]);
    assert.equal(await Deno.readTextFile(`${folder}/real/f.skiff-backup`), "old");
  });
});

Deno.test("a link to a file that is not there makes the file", async () => {
  await withFolder(async (folder, env) => {
    await Deno.symlink(`${folder}/there/f`, `${folder}/link`);
    await editFile(`${folder}/link`, (text) => text ?? "made", { env });
    assert.equal(await Deno.readTextFile(`${folder}/there/f`), "made");
  });
});

Deno.test("the same text is not written: the file's time stays", async () => {
  await withFolder(async (folder, env) => {
    await Deno.writeTextFile(`${folder}/f`, "x\r\n");
    const before = await Deno.stat(`${folder}/f`);
    assert.equal(await editFile(`${folder}/f`, (text) => text, { env, backup: "beside" }), false);
    assert.equal((await Deno.stat(`${folder}/f`)).ino, before.ino);
    assert.equal(await readText(`${folder}/f.skiff-backup`), undefined);
  });
});

Deno.test("a read-only file, a folder and UTF-16 are refused, and stay", async () => {
  await withFolder(async (folder, env) => {
    await Deno.writeTextFile(`${folder}/ro`, "x");
    await Deno.chmod(`${folder}/ro`, 0o444);
    await assert.rejects(() => editFile(`${folder}/ro`, () => "y", { env }), {
      code: "forbidden",
      message: `${folder}/ro is read-only`,
    });
    assert.equal(await Deno.readTextFile(`${folder}/ro`), "x");
    await Deno.mkdir(`${folder}/dir`);
    await assert.rejects(() => editFile(`${folder}/dir`, () => "y", { env }), { message: /is a folder/ });
    await Deno.writeFile(`${folder}/u16`, new Uint8Array([0xff, 0xfe, 0x41, 0x00]));
    await assert.rejects(() => editFile(`${folder}/u16`, () => "y", { env }), { message: /is UTF-16/ });
    await assert.rejects(() => editFile(`${folder}/u16/f`, () => "y", { env }), {
      message: `Cannot read ${folder}/u16/f: what should be its folder is a file`,
    });
    await Deno.symlink("loop", `${folder}/loop`);
    await assert.rejects(() => editFile(`${folder}/loop`, () => "y", { env }), {
      message: /leads to itself/,
    });
  });
});

Deno.test("when change throws, the file stays as it was", async () => {
  await withFolder(async (folder, env) => {
    await Deno.writeTextFile(`${folder}/f`, "x");
    await assert.rejects(() =>
      editFile(`${folder}/f`, () => {
        throw new Error("no");
      }, { env })
    );
    assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(), ["f", "skiff"]);
  });
});

Deno.test("a name without a folder is a file of the current folder, and no folder is made for it", async () => {
  await withFolder(async (folder, env) => {
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      await editFile("profile.json", () => "{}", { env });
      await Deno.symlink("real.json", "link.json");
      await editFile("link.json", () => "[]", { env });
      await editFile("./sub/../sub/x", () => "x", { env });
    } finally {
      Deno.chdir(before);
    }
    assert.deepEqual(
      Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(),
      ["link.json", "profile.json", "real.json", "skiff", "sub"],
    );
    assert.equal(await Deno.readTextFile(`${folder}/real.json`), "[]");
    assert.equal(await Deno.readTextFile(`${folder}/sub/x`), "x");
  });
});

Deno.test("what a killed writer left is removed by the next one; who still writes is left alone", async () => {
  await withFolder(async (folder, env) => {
    const files = ["f.0123abcd.part", "f.89ab4567.part", "f.part", "g.0123abcd.part"];
    for (const name of files) await Deno.writeTextFile(`${folder}/${name}`, "half");
    const hourAgo = new Date(Date.now() - 3_600_000);
    for (const name of files.filter((one) => one !== "f.89ab4567.part")) {
      await Deno.utime(`${folder}/${name}`, hourAgo, hourAgo);
    }
    await editFile(`${folder}/f`, () => "x", { env });
    assert.deepEqual(
      Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(),
      ["f", "f.89ab4567.part", "f.part", "g.0123abcd.part", "skiff"],
    );
  });
});

Deno.test("a change by another program in between is not lost", async () => {
  await withFolder(async (folder, env) => {
    const path = `${folder}/f`;
    await Deno.writeTextFile(path, "1\n");
    let asked = 0;
    await editFile(path, async (text) => {
      if (asked++ === 0) await Deno.writeTextFile(path, "1\n2\n"); // does not take turns
      return `${text}mine\n`;
    }, { env });
    assert.equal(await Deno.readTextFile(path), "1\n2\nmine\n");
    assert.equal(asked, 2);
  });
});

Deno.test("forty writers of several processes: no line is lost", async () => {
  await withFolder(async (folder, env) => {
    const path = `${folder}/f`;
    const module = new URL("../../../../gateway/mcp/files/edit_file.ts", import.meta.url).href;
    const program = `import { editFile } from ${JSON.stringify(module)};
      await Promise.all(Array.from({length: 10}, (_, i) =>
        editFile(${
      JSON.stringify(path)
    }, (text = "") => text + Deno.args[0] + i + "\\n", { env: Deno.env })));`;
    await Deno.writeTextFile(`${folder}/writer.ts`, program);
    const children = ["a", "b", "c", "d"].map((name) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", "--no-check", `${folder}/writer.ts`, name],
        env: { SKIFF_HOME: env.get("SKIFF_HOME")! },
        stderr: "inherit",
      }).output()
    );
    for (const { code } of await Promise.all(children)) assert.equal(code, 0);
    const lines = (await Deno.readTextFile(path)).trim().split("\n");
    assert.equal(new Set(lines).size, 40);
  });
});
