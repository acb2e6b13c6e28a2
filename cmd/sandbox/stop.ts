/** `skiff sandbox stop SANDBOX…`. */
import type { Command } from "../../core/cli/command.ts";
import { stopContainer, unpauseContainer } from "../../core/docker/containers.ts";
import { eachSandbox } from "./each_sandbox.ts";
import { openWorld } from "./engine.ts";
import { sandboxNames } from "./names.ts";

const graceSeconds = 5;

export const stopCommand: Command = {
  name: "stop",
  summary: "Stop sandboxes; what is in them stays",
  description: "Ends what runs in the sandboxes. What was installed stays; `run` starts them again.",
  args: [{ name: "SANDBOX", required: true, variadic: true, complete: sandboxNames }],
  async run({ context, args }) {
    const world = await openWorld(context);
    return await eachSandbox({ world, context, words: args.SANDBOX as string[] }, async ({ id, state }) => {
      if (state === "paused") await unpauseContainer(world.docker, id);
      await stopContainer(world.docker, id, { timeout: graceSeconds });
    });
  },
};
