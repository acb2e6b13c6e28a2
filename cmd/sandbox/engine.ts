/** The Engine and the world around it, as the sandbox commands need them. */
import type { Context } from "../../core/cli/command.ts";
import { openDocker } from "../../core/docker/docker.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import type { World } from "../../core/sandbox/world.ts";

/** Connects; lines for the user go to standard error, and nowhere when `quiet`. */
export async function openWorld(context: Context, { quiet = false } = {}): Promise<World> {
  const docker = await openDocker({ env: context.env });
  return {
    docker,
    paths: skiffPaths(context.env),
    env: context.env,
    say: quiet ? () => {} : (line) => void context.err(`${line}\n`),
  };
}
