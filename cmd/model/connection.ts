/** The server that a command talks to: found, or started in the background. */
import type { Context } from "../../core/cli/command.ts";
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import { ApiClient } from "../../gateway/client/api_client.ts";
import { connect } from "../../gateway/client/connect.ts";
import { portSetting } from "../../gateway/endpoint.ts";

/** A client of a running server; starts one when there is none and says so once. */
export async function connectServer(
  context: Context,
  { preload }: { preload?: string } = {},
): Promise<ApiClient> {
  const say = (message: string) => void context.err(`${message}\n`);
  return await connect({ env: context.env, autostart: true, preload, onStart: say, onNote: say });
}

/** A client of another OpenAI-compatible server, whose models are its own to load. */
export function openAIServer(url: string): ApiClient {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new SkiffError("usage", `"${url}" is no address`, {
      hint: "Give one like http://localhost:8080/v1.",
    });
  }
  return new ApiClient({ url: url.replace(/\/+$/, "") }, { openAIBase: "" });
}

/** Where programs reach the server that the commands use. */
export function serverUrl({ endpoint }: ApiClient, context: Context): string {
  return endpoint.socket ? `http://localhost:${portSetting(context.env)}` : endpoint.url;
}

/** A client of a server that runs already; undefined when none does. */
export async function findServer(context: Context): Promise<ApiClient | undefined> {
  try {
    return await connect({ env: context.env, autostart: false });
  } catch (error) {
    if (toSkiffError(error).code === "unavailable") return undefined;
    throw error;
  }
}
