/** What the server of this machine serves: the model store and a pool of runners. */
import type { Paths } from "../../core/paths/paths.ts";
import type { EngineName } from "../../inference/engines/engine.ts";
import type { RunnerPool } from "../../inference/runner/pool.ts";
import type { LogSource } from "./server_log.ts";
import type { ServerParts } from "./server.ts";

export interface LocalPartsOptions {
  paths: Paths;
  /** Folder of the model store; default: in the data folder. */
  modelsPath?: string;
  /** Engine of models that are not configured. */
  engine?: "auto" | EngineName;
  log: (source: LogSource, line: string) => void;
}

export async function localParts(
  { paths, modelsPath, engine, log }: LocalPartsOptions,
): Promise<ServerParts> {
  const [{ openStore }, { RunnerPool }] = await Promise.all([
    import("../../inference/store/mod.ts"),
    import("../../inference/runner/pool.ts"),
  ]);
  const store = openStore(modelsPath ?? `${paths.data}/models`);
  const host = new RunnerPool({
    files: (model) => store.files(model),
    settingsPath: `${paths.config}/models.json`,
    engine,
    onLog: (line, model) => log("engine", `${model}: ${line}`),
    onUnloaded: ({ model }, reason) => log("server", `unloaded ${model.tags[0] ?? model.id} (${reason})`),
  });
  return {
    store,
    host,
    engines: () => Promise.resolve(engineStates(host)),
    engineBytes: () => folderBytes(`${paths.cache}/native`),
  };
}

/** Names under which `status` shows the engines. */
const engineNames: Record<EngineName, string> = { llama: "llama.cpp", webgpu: "webgpu", onnx: "onnx" };

/** The state of each engine as `status` shows it: on what it computes, and why it does. */
function engineStates(host: RunnerPool): Record<string, string> {
  const running = host.loaded().flatMap(({ info }) => info ? [info] : []);
  return Object.fromEntries(
    Object.entries(engineNames).map(([engine, name]) => {
      const own = running.filter((info) => info.engine === engine);
      const devices = new Set(own.map(({ device, reason }) => `${device} (${reason})`));
      return [name, devices.size > 0 ? `Running: ${[...devices].join("; ")}` : "Running: no model loaded"];
    }),
  );
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      bytes += entry.isDirectory ? await folderBytes(path) : (await Deno.stat(path)).size;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}
