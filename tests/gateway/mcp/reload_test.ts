/** A configuration that is read anew: when it holds, and which changes are seen. */
import { deepEqual, equal } from "node:assert/strict";
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";
import { watchFiles } from "../../../gateway/mcp/gateway/watch.ts";
import { oauthHome } from "../../support/mcp/oauth_home.ts";

const plain: ServerEntry = { name: "plain", image: "example/plain" };
/** Its login is looked for before it is configured. */
const hub: ServerEntry = {
  name: "hub",
  image: "example/hub",
  oauth: { providers: [{ provider: "hubby", secret: "hub.token", env: "HUB_TOKEN" }] },
};

Deno.test("a configuration holds when it is told to be read", async () => {
  await using home = await oauthHome([plain, hub]);
  await using gateway = await home.gateway();
  const told = gateway.line(/Configuration reloaded: 1 servers/);
  await Deno.writeTextFile(home.files.registry, JSON.stringify({ registry: { hub: { ref: "" } } }));
  const reloaded = gateway.assembled.reload();
  await told;
  deepEqual(gateway.assembled.gateway.servers.map(({ entry }) => entry.name), ["hub"]);
  await reloaded;
});

Deno.test("a folder that comes while the watching begins is watched, too", async () => {
  const home = await Deno.realPath(await Deno.makeTempDir());
  const file = `${home}/folder/file`;
  const [begun, ended] = [Promise.withResolvers<void>(), new AbortController()];
  const seen = Promise.withResolvers<string>();
  const { watchFs } = Deno;
  let watched = 0;
  Deno.watchFs = (...args) => {
    if (watched++ === 0) Deno.mkdirSync(`${home}/folder`); // after it was looked for
    else begun.resolve();
    return watchFs(...args);
  };
  try {
    const changed = async () => {
      const text = await Deno.readTextFile(file).catch(() => "");
      if (text !== "") seen.resolve(text);
    };
    const watching = watchFiles(() => [file], changed, ended.signal, Date.now());
    await begun.promise;
    await Deno.writeTextFile(file, "text");
    equal(await seen.promise, "text");
    ended.abort();
    await watching;
  } finally {
    Deno.watchFs = watchFs;
    await Deno.remove(home, { recursive: true });
  }
});
