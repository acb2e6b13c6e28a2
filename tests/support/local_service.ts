/** The server on loopback with the model store and runners of a home of its own: real models answer. */
import { skiffPaths } from "../../core/paths/paths.ts";
import { localParts } from "../../gateway/http/local_parts.ts";
import { startServer } from "../../gateway/http/server.ts";
import { openStore } from "../../inference/store/mod.ts";

export interface LocalService extends AsyncDisposable {
  /** "http://127.0.0.1:40123" */
  url: string;
}

/** Serves the GGUF file under the name "ai/<name>". */
export async function localService(name: string, file: string): Promise<LocalService> {
  const home = await Deno.makeTempDir({ prefix: "skiff-service-" });
  const paths = skiffPaths({ get: (variable) => variable === "SKIFF_HOME" ? home : undefined });
  await openStore(`${paths.data}/models`).importFile(file, { tag: `ai/${name}` });
  const server = await startServer({ paths, port: 0, parts: ({ log }) => localParts({ paths, log }) });
  return {
    url: server.addresses.url,
    async [Symbol.asyncDispose]() {
      await server.close({ force: true });
      await Deno.remove(home, { recursive: true });
    },
  };
}
