/** `skiff sandbox cp SANDBOX:PATH HOST-PATH` and the other way round. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { copyIn, copyOut } from "../../core/sandbox/copy.ts";
import { listSandboxes, resolveSandbox } from "../../core/sandbox/find.ts";
import { openWorld } from "./engine.ts";

export const cpCommand: Command = {
  name: "cp",
  summary: "Copy files into or out of a sandbox",
  description: "Copies a file or a folder. `-` instead of a path of the host is a tar stream.",
  args: [{ name: "FROM", required: true }, { name: "TO", required: true }],
  examples: [
    "skiff sandbox cp claude-project:/tmp/report.txt .",
    "skiff sandbox cp ./data claude-project:/tmp",
  ],
  async run({ context, args }) {
    const [from, to] = [parsePlace(String(args.FROM)), parsePlace(String(args.TO))];
    if ((from.sandbox === undefined) === (to.sandbox === undefined)) {
      throw new SkiffError("usage", "One of the two must be SANDBOX:PATH, the other a path of this machine", {
        hint: "Like `skiff sandbox cp claude-project:/tmp/report.txt .`",
      });
    }
    const world = await openWorld(context);
    const sandbox = resolveSandbox(await listSandboxes(world.docker), (from.sandbox ?? to.sandbox)!);
    if (from.sandbox !== undefined) await copyOut(world, sandbox, { from: from.path, to: to.path });
    else await copyIn(world, sandbox, { from: from.path, to: to.path });
  },
};

/** `name:path`, unless a path of the host stands before the colon. */
function parsePlace(text: string): { sandbox?: string; path: string } {
  const at = text.indexOf(":");
  if (at <= 0 || /^[./~]/.test(text) || (at === 1 && /^[a-zA-Z]:\\/.test(text))) return { path: text };
  return { sandbox: text.slice(0, at), path: text.slice(at + 1) };
}
