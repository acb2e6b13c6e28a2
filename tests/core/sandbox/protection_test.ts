/** What is made in a workspace to protect it, what is refused, and what is taken back. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { identities, protectWorkspace, unprotectWorkspace } from "../../../core/sandbox/protection.ts";

const owner = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };

async function inFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-protection-" });
  try {
    await fn(await Deno.realPath(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const mountsOf = async (folder: string, extra: string[] = []) =>
  (await protectWorkspace(folder, extra, owner)).mounts.map(({ path, readOnly }) =>
    `${path.slice(folder.length + 1)} ${readOnly ? "ro" : "rw"}`
  );

Deno.test("without a repository an empty .git is made, protected, and taken back", async () => {
  await inFolder(async (folder) => {
    deepStrictEqual(await mountsOf(folder), [".git ro"]);
    deepStrictEqual(await mountsOf(folder), [".git ro"]); // for another agent's sandbox
    await unprotectWorkspace(folder, "none");
    await rejects(Deno.stat(`${folder}/.git`), Deno.errors.NotFound);
  });
});

Deno.test("a .git that has become a repository stays when its sandbox goes", async () => {
  await inFolder(async (folder) => {
    await mountsOf(folder);
    await Deno.writeTextFile(`${folder}/.git/HEAD`, "ref: refs/heads/main\n");
    await unprotectWorkspace(folder, "none");
    await Deno.stat(`${folder}/.git/HEAD`);
  });
});

Deno.test("of a repository: what is there and what must not be made; editors' and agents' settings", async () => {
  await inFolder(async (folder) => {
    for (const path of [".git/modules/sub", ".vscode", ".claude", ".husky/_"]) {
      await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    }
    for (const path of [".git/HEAD", ".git/config", ".claude/settings.json"]) {
      await Deno.writeTextFile(`${folder}/${path}`, "");
    }
    deepStrictEqual(await mountsOf(folder, [`${folder}/.husky/_`, `${folder}/not there`]), [
      ".claude rw",
      ".git rw",
      ".husky rw",
      ".vscode ro",
      ".claude/settings.json ro",
      ".git/commondir ro",
      ".git/config ro",
      ".git/hooks ro",
      ".git/modules ro",
      ".husky/_ ro",
    ]);
    strictEqual(await Deno.readTextFile(`${folder}/.git/commondir`), ".\n");
    await unprotectWorkspace(folder, "folder");
    await rejects(Deno.stat(`${folder}/.git/commondir`), Deno.errors.NotFound);
  });
});

Deno.test("a worktree's .git file is protected as it is", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.git`, "gitdir: /elsewhere\n");
    deepStrictEqual(await mountsOf(folder), [".git ro"]);
  });
});

const links = [".git", ".git/hooks", ".git/config", ".vscode"];
for (const link of links) {
  Deno.test(`${link} as a symbolic link is refused`, async () => {
    await inFolder(async (folder) => {
      if (link !== ".git") await Deno.mkdir(`${folder}/.git`);
      if (link !== ".git") await Deno.writeTextFile(`${folder}/.git/HEAD`, "");
      await Deno.mkdir(`${folder}/target`);
      await Deno.symlink(`${folder}/target`, `${folder}/${link}`);
      await rejects(mountsOf(folder), { code: "unsupported" });
    });
  });
}

Deno.test("a file that is replaced by renaming has another identity", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/config`;
    await Deno.writeTextFile(path, "a");
    const before = await identities([path]);
    await Deno.writeTextFile(path, "b");
    deepStrictEqual(await identities([path]), before);
    await Deno.writeTextFile(`${path}.lock`, "c");
    await Deno.rename(`${path}.lock`, path);
    strictEqual((await identities([path]))[path] === before[path], false);
    await Deno.remove(path);
    deepStrictEqual(await identities([path]), { [path]: "gone" });
  });
});
