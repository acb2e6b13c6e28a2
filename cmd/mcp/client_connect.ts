/** `skiff mcp client connect`, `disconnect`, `manual-instructions`. */
import type { Argument, Command, Context, Flag } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { ClientOs, McpClient } from "../../gateway/mcp/clients/client.ts";
import { type ClientPlace, findClient } from "../../gateway/mcp/clients/client_files.ts";
import { mcpClients } from "../../gateway/mcp/clients/client_table.ts";
import { connectClient, disconnectClient, gatewayCommand } from "../../gateway/mcp/clients/connect.ts";
import { readProfile } from "../../gateway/mcp/profiles/profile_store.ts";
import { jsonFlag, placeOf, printed } from "./place.ts";
import { profileArgument } from "./profile.ts";

export const globalFlag: Flag = {
  name: "global",
  short: "g",
  summary: "The user's own configuration instead of this project's",
};

const quietFlag: Flag = { name: "quiet", short: "q", summary: "Print nothing when it worked" };
const nameFlag: Flag = { name: "name", value: "NAME", summary: "Name of the entry (default: MCP_SKIFF)" };
const clientArgument: Argument = {
  name: "CLIENT",
  required: true,
  summary: mcpClients.map(({ name }) => name).join(", "),
  complete: () => Promise.resolve(mcpClients.map(({ name }) => name)),
};

export function clientPlace(context: Context): ClientPlace {
  return { env: context.env, os: clientOs(Deno.build.os), cwd: Deno.cwd() };
}

function clientOs(os: string): ClientOs {
  return os === "darwin" || os === "windows" ? os : "linux";
}

/** Docker's own assistant asks the gateway by itself. */
function chosen(word: string): McpClient {
  if (word !== "gordon") return findClient(word);
  throw new SkiffError("unsupported", "Gordon has no configuration file", {
    hint: "It is connected in Docker Desktop, where it is on by default.",
  });
}

export const clientConnectCommand: Command = {
  name: "connect",
  summary: "Put the gateway into a client's configuration",
  description:
    "Writes one entry; comments and everything else in the file stay as they are. The file as it was is " +
    "kept: beside it as FILE.skiff-backup, for a project's file in skiff's state folder. Without --global the project " +
    "of the current folder is connected.",
  args: [clientArgument],
  flags: [
    globalFlag,
    quietFlag,
    { name: "profile", short: "p", value: "ID", summary: "The profile that the client gets" },
    nameFlag,
    { name: "replace", summary: "Take out other entries that start a gateway (MCP_DOCKER)" },
  ],
  examples: ["skiff mcp client connect claude-code", "skiff mcp client connect codex --global"],
  async run({ context, args, flags }) {
    const client = chosen(args.CLIENT as string);
    const profile = flags.profile as string | undefined;
    if (profile !== undefined) await readProfile(profile, placeOf(context)); // a client would not tell that it is missing
    const { path, name, changed, others } = await connectClient(client, {
      ...clientPlace(context),
      global: !!flags.global,
      name: flags.name as string | undefined,
      profile,
      replace: !!flags.replace,
    });
    if (flags.quiet) return;
    await context.out(
      changed
        ? `Connected ${client.displayName}: ${name} in ${path}\nRestart it when it runs.\n`
        : `${client.displayName} is connected already: ${name} in ${path}\n`,
    );
    if (others.length > 0) {
      await context.err(`${others.join(", ")} in the same file starts a gateway, too.\n`);
      await context.err("The client gets its tools twice; connect with --replace to take it out.\n");
    }
  },
};

export const clientDisconnectCommand: Command = {
  name: "disconnect",
  summary: "Take the gateway out of a client's configuration",
  args: [clientArgument],
  flags: [globalFlag, quietFlag, nameFlag],
  async run({ context, args, flags }) {
    const client = chosen(args.CLIENT as string);
    const { path, removed } = await disconnectClient(client, {
      ...clientPlace(context),
      global: !!flags.global,
      name: flags.name as string | undefined,
    });
    if (flags.quiet) return;
    await context.out(
      removed.length > 0
        ? `Disconnected ${client.displayName}: ${removed.join(", ")} is out of ${path}\n`
        : `${client.displayName} is not connected in ${path}\n`,
    );
  },
};

export const clientManualCommand: Command = {
  name: "manual-instructions",
  summary: "Show what to write into the configuration of any other client",
  hidden: true,
  flags: [jsonFlag],
  async run({ context, flags }) {
    const { env, os } = clientPlace(context);
    const { command, args } = gatewayCommand(env, os);
    const words = [command, ...args];
    if (flags.json) return await context.out(`${JSON.stringify(words, null, 2)}\n`);
    const example = { mcpServers: { MCP_SKIFF: { command, args } } };
    await context.out(`Let the client start this command as a stdio server:\n\n  ${words.join(" ")}\n\n`);
    await context.out(`In most files that is:\n\n${JSON.stringify(example, null, 2)}\n`);
  },
};

/** As in Docker's toolkit: the words alone. */
export const profileManualCommand: Command = {
  name: "manual-instructions",
  summary: "Show the command that a client starts to have a profile",
  hidden: true,
  args: [profileArgument],
  flags: [formatFlag("human", "json", "yaml")],
  async run({ context, args, flags }) {
    const { id } = await readProfile(args.ID as string, placeOf(context));
    const { env, os } = clientPlace(context);
    const { command, args: own } = gatewayCommand(env, os);
    const words = [command, ...own, "--profile", id];
    const isHuman = flags.format === "human";
    await context.out(isHuman ? `${words.join(" ")}\n` : printed(words, flags.format as "json" | "yaml"));
  },
};
