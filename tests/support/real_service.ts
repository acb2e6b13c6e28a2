/** The server on loopback over a real model and real runners. */
import { skiffPaths } from "../../core/paths/paths.ts";
import { startServer } from "../../gateway/http/server.ts";
import { RunnerPool } from "../../inference/runner/pool.ts";
import { openStore } from "../../inference/store/mod.ts";

/** Serves the GGUF at `path` under `name` while `work` runs; it gets the server's address. */
export async function withRealService(
  path: string,
  name: string,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "skiff-real-" });
  const store = openStore(`${home}/models`);
  await store.importFile(path, { tag: name });
  const files = (model: Parameters<typeof store.files>[0]) => store.files(model);
  const server = await startServer({
    paths: skiffPaths({ get: (variable) => variable === "SKIFF_HOME" ? home : undefined }),
    port: 0,
    parts: () => ({ store, host: new RunnerPool({ files, settingsPath: `${home}/models.json` }) }),
  });
  try {
    await work(server.addresses.url);
  } finally {
    await server.close({ force: true });
    await Deno.remove(home, { recursive: true });
  }
}
