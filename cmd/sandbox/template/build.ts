/** `skiff sandbox template build AGENT [--base IMAGE]`. */
import type { Command } from "../../../core/cli/command.ts";
import { showProgress } from "../../../core/progress/mod.ts";
import { findAgent } from "../../../core/sandbox/agents/mod.ts";
import { buildTemplate } from "../../../core/sandbox/template/build.ts";
import { openWorld } from "../engine.ts";

export const buildCommand: Command = {
  name: "build",
  summary: "Build an agent's template on a base image",
  description:
    "Builds the template of an agent: its native program, from its npm package with the digest checked, on any\n" +
    "image like Debian.",
  args: [{ name: "AGENT", required: true }],
  flags: [
    { name: "base", summary: "Image to build on", value: "IMAGE" },
    { name: "tag", short: "t", summary: "Name of the result", value: "NAME", repeatable: true },
    {
      name: "pull",
      summary: "When to pull the base",
      value: "WHEN",
      choices: ["always", "missing", "never"],
    },
    { name: "no-cache", summary: "Build even if it is there" },
    { name: "network", summary: "Network of the build, e.g. none or host", value: "MODE" },
    { name: "quiet", short: "q", summary: "Print only the image's id" },
  ],
  examples: ["skiff sandbox template build codex --base debian:bookworm-slim"],
  async run({ context, args, flags }) {
    const world = await openWorld(context);
    const view = flags.quiet ? undefined : showProgress({ terminal: context.stderrIsTerminal });
    const { id, reference, reused } = await buildTemplate(world.docker, findAgent(String(args.AGENT)), {
      base: flags.base as string | undefined,
      tags: flags.tag as string[] | undefined,
      pull: flags.pull as "always" | "missing" | "never" | undefined,
      networkMode: flags.network as string | undefined,
      force: flags["no-cache"] === true,
      paths: world.paths,
      env: context.env,
      signal: context.signal,
      onProgress: (message) => view?.show(message),
    }).finally(() => view?.close());
    if (flags.quiet) return await context.out(`${id}\n`);
    await context.out(
      `${reused ? "Already built" : "Built"} ${reference} (${id.replace("sha256:", "").slice(0, 12)})\n`,
    );
  },
};
