/** `skiff completion SHELL` and the hidden command that its scripts call. */
import type { Command } from "../core/cli/command.ts";
import { complete, completionScript, type Shell, shells } from "../core/cli/completion.ts";
import { pluginGroup } from "../core/process/called_as.ts";
import { SkiffError } from "../core/errors/skiff_error.ts";

export const completionCommand: Command = {
  name: "completion",
  summary: "Print a shell completion script",
  args: [{
    name: "SHELL",
    summary: shells.join(", "),
    required: true,
    complete: () => Promise.resolve([...shells]),
  }],
  examples: [
    "skiff completion bash > /etc/bash_completion.d/skiff",
    'skiff completion zsh > "${fpath[1]}/_skiff"',
    "skiff completion fish > ~/.config/fish/completions/skiff.fish",
  ],
  async run({ context, args }) {
    const shell = String(args.SHELL);
    if (!shells.includes(shell as Shell)) {
      throw new SkiffError("usage", `No completion for the shell "${shell}"`, {
        hint: `Shells: ${shells.join(", ")}.`,
      });
    }
    await context.out(completionScript(shell as Shell, "skiff"));
  },
};

export const candidatesCommand: Command = {
  name: "__complete",
  summary: "Print completion candidates",
  hidden: true,
  async run({ context, rest }) {
    const { rootCommand } = await import("./root.ts");
    const candidates = await complete(rootCommand, rest, context);
    await context.out(candidates.map(({ value, summary }) => `${value}\t${summary ?? ""}\n`).join(""));
    // For the Docker CLI (cobra's directives): nothing else fits, or files do.
    if (pluginGroup()) await context.out(candidates.length > 0 ? ":4\n" : ":0\n");
  },
};
