/** The server that a command talks to: found, or started in the background. */
import type { Context } from "../../core/cli/command.ts";
import type { ApiClient } from "../../gateway/client/api_client.ts";
import { connect } from "../../gateway/client/connect.ts";

/** A client of a running server; starts one when there is none and says so once. */
export async function connectServer(
  context: Context,
  { preload }: { preload?: string } = {},
): Promise<ApiClient> {
  return await connect({
    env: context.env,
    autostart: true,
    preload,
    onStart: ({ pid }) =>
      void context.err(`Started the skiff server (process ${pid}); \`skiff stop\` ends it.\n`),
  });
}

/** A client of a server that runs already; undefined when none does. */
export async function findServer(context: Context): Promise<ApiClient | undefined> {
  return await connect({ env: context.env, autostart: false }).catch(() => undefined);
}
