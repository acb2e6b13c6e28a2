/** `skiff sandbox template save SANDBOX NAME`. */
import type { Command } from "../../../core/cli/command.ts";
import { listSandboxes, resolveSandbox } from "../../../core/sandbox/find.ts";
import { shortId } from "../../../core/sandbox/sandbox.ts";
import { saveTemplate } from "../../../core/sandbox/template/templates.ts";
import { openWorld } from "../engine.ts";
import { sandboxNames } from "../names.ts";

export const saveCommand: Command = {
  name: "save",
  summary: "Keep a sandbox as a template",
  description:
    "Makes an image of what was installed in a sandbox, to be used with --template. Workspace, mounts and the\n" +
    "agent's login are not in it.",
  args: [
    { name: "SANDBOX", required: true, complete: sandboxNames },
    { name: "NAME", required: true, summary: "Of the template, e.g. my-tools:1" },
  ],
  async run({ context, args }) {
    const { docker } = await openWorld(context);
    const { id, agent } = resolveSandbox(await listSandboxes(docker), String(args.SANDBOX));
    const tag = String(args.NAME);
    const image = await saveTemplate(docker, id, { tag, agent, signal: context.signal });
    await context.out(`Saved ${tag} (${shortId(image)})\n`);
  },
};
