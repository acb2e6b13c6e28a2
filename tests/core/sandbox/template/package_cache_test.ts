/** Agents' packages: downloaded once, checked before each use, gone on with where a download stopped. */
import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { fetchPackage } from "../../../../core/sandbox/template/package_cache.ts";
import { cutOff, type FileServer, serveFiles } from "../../../support/file_server.ts";

const body = new Uint8Array(200_000).map((_, i) => i * 7);
const row = {
  name: "@maker/agent-linux-x64",
  version: "1.2.3",
  integrity: `sha512-${createHash("sha512").update(body).digest("base64")}`,
  bytes: body.length,
};
const path = "/npm/@maker/agent-linux-x64/-/agent-linux-x64-1.2.3.tgz";

async function withCache(
  work: (fetchIt: () => Promise<string>, server: FileServer, folder: string) => Promise<void>,
): Promise<void> {
  await using server = serveFiles({ [path]: { body, etag: '"1"' } });
  const folder = await Deno.makeTempDir();
  const variables: Record<string, string> = { npm_config_registry: `${server.url}/npm/`, HOME: folder };
  const env = { get: (name: string) => variables[name] };
  try {
    await work(
      () => fetchPackage(row, { folder: `${folder}/cache`, env, retryDelaysMs: [] }),
      server,
      folder,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a package is downloaded once", () =>
  withCache(async (fetchIt, server) => {
    const first = await fetchIt();
    deepStrictEqual(await Deno.readFile(first), body);
    equal(await fetchIt(), first);
    equal(server.log.length, 1);
  }));

Deno.test("two at once download it once", () =>
  withCache(async (fetchIt, server) => {
    const [a, b] = await Promise.all([fetchIt(), fetchIt()]);
    equal(a, b);
    equal(server.log.length, 1);
  }));

Deno.test("a package that was changed in the cache is downloaded anew", () =>
  withCache(async (fetchIt, server) => {
    await Deno.writeTextFile(await fetchIt(), "other", { append: true });
    deepStrictEqual(await Deno.readFile(await fetchIt()), body);
    equal(server.log.length, 2);
  }));

Deno.test("another package than the pinned one is refused and not kept", () =>
  withCache(async (fetchIt, server, folder) => {
    server.files.set(path, { body: body.slice(1) });
    await rejects(fetchIt(), { code: "corrupt", message: /is not the one that skiff trusts/ });
    const left = [...Deno.readDirSync(`${folder}/cache`)].map(({ name }) => name);
    deepStrictEqual(left.filter((name) => !name.endsWith(".lock")), []);
    server.files.set(path, { body });
    deepStrictEqual(await Deno.readFile(await fetchIt()), body);
  }));

Deno.test("a download that broke off is gone on with", () =>
  withCache(async (fetchIt, server) => {
    server.fault = (_request, answer) => cutOff(answer(), 70_000);
    await rejects(fetchIt(), { code: "network", message: /agent's package @maker\/agent-linux-x64@1\.2\.3/ });
    server.fault = undefined;
    deepStrictEqual(await Deno.readFile(await fetchIt()), body);
    equal(server.log.at(-1), `GET ${path} bytes=70000-`);
  }));

Deno.test("a registry without the package is told", () =>
  withCache(async (fetchIt, server) => {
    server.files.clear();
    await rejects(fetchIt(), { code: "not_found" });
  }));
