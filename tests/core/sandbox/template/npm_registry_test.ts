/** Which registry is asked, and with what token. */
import { deepStrictEqual, equal } from "node:assert/strict";
import { npmRegistry, tarballUrl } from "../../../../core/sandbox/template/npm_registry.ts";

const rows: {
  name: string;
  npmrc?: string;
  variables?: Record<string, string>;
  package?: string;
  url: string;
  authorization?: string;
}[] = [
  { name: "nothing set", url: "https://registry.npmjs.org" },
  {
    name: "a variable",
    variables: { npm_config_registry: "https://mirror.test/npm/" },
    url: "https://mirror.test/npm",
  },
  {
    name: "in capitals",
    variables: { NPM_CONFIG_REGISTRY: "https://mirror.test" },
    url: "https://mirror.test",
  },
  { name: "a file", npmrc: "# mine\nregistry = https://mirror.test/npm/ \n", url: "https://mirror.test/npm" },
  {
    name: "the variable before the file",
    npmrc: "registry=https://file.test",
    variables: { npm_config_registry: "https://variable.test" },
    url: "https://variable.test",
  },
  {
    name: "the scope's own",
    npmrc: "@openai:registry=https://openai.test/\nregistry=https://x.test",
    url: "https://openai.test",
  },
  {
    name: "another scope's is not ours",
    npmrc: "@other:registry=https://other.test/",
    url: "https://registry.npmjs.org",
  },
  {
    name: "a token for the host and path",
    npmrc: "registry=https://m.test/npm/\n//m.test/npm/:_authToken=${TOKEN}\n//m.test/:_authToken=no",
    variables: { TOKEN: "t1" },
    url: "https://m.test/npm",
    authorization: "Bearer t1",
  },
  {
    name: "a token for the whole host",
    npmrc: "registry=https://m.test/npm/\n//m.test/:_authToken=t2",
    url: "https://m.test/npm",
    authorization: "Bearer t2",
  },
  {
    name: "no token of another host",
    npmrc: "//other.test/:_authToken=t3",
    variables: { npm_config_registry: "https://m.test/" },
    url: "https://m.test",
  },
  {
    name: "user and password in the address",
    variables: { npm_config_registry: "https://ada:pass%20word@m.test/" },
    url: "https://m.test",
    authorization: `Basic ${btoa("ada:pass word")}`,
  },
];

for (const row of rows) {
  Deno.test(`npm registry: ${row.name}`, async () => {
    const home = await Deno.makeTempDir();
    try {
      if (row.npmrc) await Deno.writeTextFile(`${home}/.npmrc`, row.npmrc);
      const variables: Record<string, string> = { HOME: home, ...row.variables };
      const found = await npmRegistry(row.package ?? "@openai/codex", { get: (name) => variables[name] });
      const headers: Record<string, string> = row.authorization ? { authorization: row.authorization } : {};
      deepStrictEqual(found, { url: row.url, headers });
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  });
}

Deno.test("addresses of tarballs", () => {
  equal(
    tarballUrl("https://r.test/npm", "@openai/codex", "0.1.0-linux-x64"),
    "https://r.test/npm/@openai/codex/-/codex-0.1.0-linux-x64.tgz",
  );
  equal(
    tarballUrl("https://r.test", "opencode-linux-x64", "1.0.0"),
    "https://r.test/opencode-linux-x64/-/opencode-linux-x64-1.0.0.tgz",
  );
});
