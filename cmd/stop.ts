/** `skiff stop`: ends the background server and with it the models that it holds. */
import type { Command } from "../core/cli/command.ts";
import { stopServer } from "../gateway/client/connect.ts";

export const stopCommand: Command = {
  name: "stop",
  summary: "Stop the background server",
  async run({ context }) {
    const stopped = await stopServer({ env: context.env });
    await context.out(
      stopped !== undefined ? "Stopped the skiff server.\n" : "No skiff server is running.\n",
    );
  },
};
