/** `skiff sandbox ls`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { relativeTime } from "../../core/format/duration.ts";
import { listSandboxes } from "../../core/sandbox/find.ts";
import { type Sandbox, shortId } from "../../core/sandbox/sandbox.ts";
import { openWorld } from "./engine.ts";

export const lsCommand: Command = {
  name: "ls",
  summary: "List the sandboxes",
  flags: [
    { name: "quiet", short: "q", summary: "Print only ids" },
    { name: "no-trunc", summary: "Print whole ids, and times as they are" },
    formatFlag("table", "json"),
    { name: "json", summary: "Same as --format json", hidden: true },
  ],
  async run({ context, flags }) {
    const sandboxes = await listSandboxes((await openWorld(context)).docker);
    const whole = flags["no-trunc"] === true;
    if (flags.quiet) {
      return await context.out(sandboxes.map(({ id }) => `${whole ? id : shortId(id)}\n`).join(""));
    }
    if (flags.format === "json" || flags.json) {
      return await context.out(`${JSON.stringify(sandboxes.map(asJson), null, 2)}\n`);
    }
    await context.out(formatTable(headers, sandboxes.map((sandbox) => row(sandbox, whole))));
  },
};

const headers = ["Sandbox ID", "Name", "Agent", "Template", "Workspace", "Network", "Status", "Created"];

function row(sandbox: Sandbox, whole: boolean): string[] {
  const { id, name, agent, template, workspace, settings, created } = sandbox;
  return [
    whole ? id : shortId(id),
    name,
    agent,
    template,
    workspace,
    settings.preset ?? settings.network,
    sandbox.state === "created" ? "Half made" : sandbox.status,
    whole ? created : relativeTime(Date.parse(created), Date.now()),
  ];
}

function asJson(sandbox: Sandbox) {
  const { id, name, agent, template, workspace, settings, created, state, status } = sandbox;
  return {
    id,
    name,
    agent,
    template,
    workspace,
    network: settings.network,
    credentials: settings.credentials,
    state,
    status,
    created_at: created,
  };
}
