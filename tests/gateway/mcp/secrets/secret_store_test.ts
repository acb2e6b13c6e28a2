/** Secrets: private files, credential helpers, files of lines; names but no values in what is told. */
import assert from "node:assert/strict";
import { credentialHelper } from "../../../../gateway/mcp/secrets/credential_helper.ts";
import { parseSecretLines, splitSearchPath } from "../../../../gateway/mcp/secrets/env_file.ts";
import { openSecretSources, resolveSecrets } from "../../../../gateway/mcp/secrets/resolve_secrets.ts";
import { openSecretStore } from "../../../../gateway/mcp/secrets/secret_store.ts";
import { withHome } from "../home.ts";
import { withCredentialHelper } from "../../../support/mcp/credential_helper.ts";

Deno.test("the file is for its user alone, also when it was opened to others", async () => {
  await withHome(async ({ place: { files, env } }) => {
    const store = await openSecretStore(files, env);
    assert.deepEqual(await store.set("a.b", 'line\nwith "quotes" = and ü'), {
      name: "a.b",
      provider: "file",
    });
    assert.equal((await Deno.stat(files.secrets)).mode! & 0o777, 0o600);
    await Deno.chmod(files.secrets, 0o644);
    assert.equal(await store.get("a.b"), 'line\nwith "quotes" = and ü');
    assert.equal((await Deno.stat(files.secrets)).mode! & 0o777, 0o600);
    await Promise.all(Array.from({ length: 30 }, (_, i) => store.set(`s.${i}`, `${i}`)));
    assert.equal((await store.list()).length, 31);
    assert.equal(await store.remove("a.b"), true);
    assert.equal(await store.remove("a.b"), false);
    assert.equal(await store.get("a.b"), undefined);
    assert.equal(await store.get("toString"), undefined);
  });
});

for (const name of ["", "-x", "a b", "a\nb", "../x", "x".repeat(300)]) {
  Deno.test(`${JSON.stringify(name.slice(0, 10))} is no name of a secret`, () =>
    withHome(async ({ place: { files, env } }) => {
      const store = await openSecretStore(files, env);
      await assert.rejects(() => store.set(name, "v"), { code: "usage" });
    }));
}

Deno.test("a credential helper that works keeps secrets; those in the file are still read", async () => {
  await withHome(async ({ home, place: { files, env }, write }) => {
    await withCredentialHelper(home, async () => {
      await (await openSecretStore(files, env)).set("old.one", "1");
      await write(".docker/config.json", `{"credsStore": "kept"}`);
      const store = await openSecretStore(files, {
        get: (name) => name === "SKIFF_MCP_SECRETS" ? "" : env.get(name),
      });
      assert.equal((await store.set("new.one", '2 "x"')).provider, "credential-helper:kept");
      assert.equal(await store.get("new.one"), '2 "x"');
      assert.equal(await store.get("old.one"), "1");
      assert.equal(await store.get("no.one"), undefined);
      assert.deepEqual(await store.list(), [
        { name: "new.one", provider: "credential-helper:kept" },
        { name: "old.one", provider: "file" },
      ]);
      await store.set("old.one", "3"); // moves
      assert.doesNotMatch(await Deno.readTextFile(files.secrets), /old\.one/);
      assert.equal(await store.remove("new.one"), true);
      assert.equal(await store.remove("new.one"), false);
    });
  });
});

Deno.test("a credential helper that is not there: the file", async () => {
  await withHome(async ({ place: { files, env }, write }) => {
    await write(".docker/config.json", `{"credsStore": "desktop-that-is-not-here"}`);
    const store = await openSecretStore(files, {
      get: (name) => name === "SKIFF_MCP_SECRETS" ? "" : env.get(name),
    });
    assert.equal((await store.set("a.b", "v")).provider, "file");
  });
});

for (const answer of ["hunter2-is-no-json", `{"Secret": 5}`, ""]) {
  Deno.test(`a credential helper that answers ${JSON.stringify(answer)} is told without what it said`, async () => {
    await withHome(async ({ home, place: { files, env }, write }) => {
      await withCredentialHelper(home, async () => {
        await write(".docker/config.json", `{"credsStore": "kept"}`);
        const helper = `${home}/bin/docker-credential-kept`;
        await write(
          "bin/docker-credential-kept",
          `#!/bin/sh\ncase $1 in list) echo '{}';; *) printf '%s' '${answer}';; esac`,
        );
        await Deno.chmod(helper, 0o755);
        const store = await openSecretStore(files, {
          get: (name) => name === "SKIFF_MCP_SECRETS" ? "" : env.get(name),
        });
        await assert.rejects(store.get("a.b"), {
          code: "unavailable",
          message: "docker-credential-kept cannot read the secret: its answer cannot be read",
        });
      });
    });
  });
}

Deno.test("a credential helper that waits for somebody is not waited for without end", async () => {
  await withHome(async ({ home, write }) => {
    await withCredentialHelper(home, async () => {
      await write("bin/docker-credential-kept", `#!/bin/sh\n[ $1 = list ] && echo '{}' || exec sleep 100`);
      await Deno.chmod(`${home}/bin/docker-credential-kept`, 0o755);
      await assert.rejects((await credentialHelper("kept", 500))!.get("a.b"), {
        code: "unavailable",
        message: "docker-credential-kept cannot read the secret: it did not answer within 0.5 s",
        hint: /Unlock it/,
      });
    });
  });
});

Deno.test("lines of secrets: no quotes, the first of a name counts", () => {
  const text = `# note\r\n\r\na.b=c=d \r\n  e.f = "g"\r\na.b=later\r\nempty=\n`;
  assert.deepEqual([...parseSecretLines(text, "f")], [["a.b", "c=d "], ["e.f", ` "g"`], ["empty", ""]]);
});

Deno.test("a broken line is told by its number, never by what is in it", () => {
  assert.throws(() => parseSecretLines("a=b\nhunter2\n", "f.env"), (error: Error) => {
    assert.match(error.message, /^f\.env:2: /);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
});

const searchPaths: [text: string, parts: string[]][] = [
  ["docker-desktop", ["docker-desktop"]],
  ["docker-desktop:/run/secrets/mcp_secret:/.env", ["docker-desktop", "/run/secrets/mcp_secret", "/.env"]],
  ["C:\\Users\\me\\.env", ["C:\\Users\\me\\.env"]],
  ["docker-desktop:C:/x.env:D:\\y", ["docker-desktop", "C:/x.env", "D:\\y"]],
  ["a::b", ["a", "b"]],
];

for (const [text, parts] of searchPaths) {
  Deno.test(`--secrets ${text}`, () => assert.deepEqual(splitSearchPath(text), parts));
}

Deno.test("a server gets the secrets that it declares, the first source first, and no others", async () => {
  await withHome(async ({ place, write }) => {
    await (await openSecretStore(place.files, place.env)).set("s.one", "store");
    await (await openSecretStore(place.files, place.env)).set("t.x", "not yours");
    await write("a.env", "s.one=file\ns.two=2\n");
    const entry = {
      name: "s",
      secrets: [{ name: "s.one", env: "ONE" }, { name: "s.two", env: "TWO" }, {
        name: "s.none",
        env: "NONE",
      }],
    };
    const values = async (search: string) =>
      Object.fromEntries(await resolveSecrets(entry, await openSecretSources({ ...place, search })));
    assert.deepEqual(await values("docker-desktop:a.env"), { "s.one": "store", "s.two": "2" });
    assert.deepEqual(await values("a.env:docker-desktop:missing.env"), { "s.one": "file", "s.two": "2" });
    await assert.rejects(() => values("missing.env"), { code: "not_found" });
  });
});
