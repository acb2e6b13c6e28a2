/** The local model that a sandbox works with: server started, model pulled and loaded. */
import type { Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import type { ModelParts } from "../../core/sandbox/world.ts";
import type { ApiClient } from "../../gateway/client/api_client.ts";
import { serverFiles } from "../../gateway/endpoint.ts";
import { connectServer } from "../model/connection.ts";
import { absoluteReference } from "../model/model_reference.ts";
import { withModel } from "../model/run.ts";

const fallbackContext = 4096;

/** Throws what starting the server, pulling or loading throws; "unsupported" for a server elsewhere. */
export async function openModel(context: Context, name: string): Promise<ModelParts> {
  const model = absoluteReference(name);
  const client = await connectServer(context, { preload: model });
  const { socket } = serverFiles(skiffPaths(context.env));
  if (!client.endpoint.socket || !socket) {
    throw new SkiffError("unsupported", "A sandbox reaches the model server through its unix socket", {
      hint: "Unset MODEL_RUNNER_HOST, so that the server of this machine is used.",
    });
  }
  await withModel(client, context, model, () => client.preload(model));
  const { id, tags, config } = await client.inspect(model);
  const parameters = parameterCount(config.parameters);
  return {
    socket: client.endpoint.socket,
    names: [...new Set([name, model, id, ...tags])],
    agent: {
      name,
      contextTokens: await loadedContext(client, tags) ?? config.context_size ?? fallbackContext,
      ...(parameters ? { parameters } : {}),
    },
  };
}

async function loadedContext(client: ApiClient, tags: string[]): Promise<number | undefined> {
  return (await client.running()).find((running) => tags.includes(running.model_name))?.context_size;
}

/** "134.52M" -> 134520000; undefined for anything else. */
export function parameterCount(text: string): number | undefined {
  const match = /^([\d.]+)\s*([KMBT]?)$/i.exec(text.trim());
  const factor = { "": 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 }[match?.[2].toUpperCase() ?? ""];
  return match && factor ? Number(match[1]) * factor : undefined;
}
