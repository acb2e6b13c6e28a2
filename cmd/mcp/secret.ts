/** `skiff mcp secret`: values go in through stdin or a prompt; only `export` gives them out, to a file. */
import type { Command, Context } from "../../core/cli/command.ts";
import { formatTable } from "../../core/cli/table.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { loadConfiguration, unknownServer } from "../../gateway/mcp/configuration/configuration.ts";
import { checkName, openSecretStore, type SecretStore } from "../../gateway/mcp/secrets/secret_store.ts";
import { jsonFlag, placeOf } from "./place.ts";
import { readSecret } from "./standard_input.ts";

function open(context: Context): Promise<SecretStore> {
  return openSecretStore(placeOf(context).files, context.env);
}

const setCommand: Command = {
  name: "set",
  summary: "Keep a secret",
  description:
    "Keeps a secret, read from stdin; at a terminal it is asked for, and what is typed is not shown. KEY=VALUE\n" +
    "works too, but then other programs of this machine can see the value while the command runs, and the shell\n" +
    "remembers it.",
  args: [{ name: "KEY", required: true, summary: "KEY, or KEY=VALUE" }],
  flags: [{ name: "provider", value: "NAME", summary: "Has no effect any longer", hidden: true }],
  examples: [
    "skiff mcp secret set github.personal_access_token < token.txt",
    "pass show postgres | skiff mcp secret set postgres.url",
  ],
  async run({ context, args }) {
    const word = args.KEY as string;
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    checkName(name);
    const value = equals < 0 ? await readSecret(context, name) : word.slice(equals + 1);
    if (value === "") throw new SkiffError("usage", `The value of ${name} is empty`);
    const { provider } = await (await open(context)).set(name, value);
    await context.out(`Kept ${name} (${provider})\n`);
  },
};

const lsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the names of the secrets",
  flags: [jsonFlag],
  async run({ context, flags }) {
    const secrets = await (await open(context)).list();
    if (flags.json) return await context.out(`${JSON.stringify(secrets, null, 2)}\n`);
    const rows = secrets.map(({ name, provider }) => [name, provider]);
    await context.out(formatTable(["name", "provider"], rows));
  },
};

const rmCommand: Command = {
  name: "rm",
  aliases: ["remove"],
  summary: "Remove secrets",
  args: [{
    name: "NAME",
    variadic: true,
    complete: async (context) => (await (await open(context)).list()).map(({ name }) => name),
  }],
  flags: [{ name: "all", summary: "All secrets" }],
  async run({ context, args, flags }) {
    const store = await open(context);
    const given = (args.NAME ?? []) as string[];
    if (!flags.all && given.length === 0) {
      throw new SkiffError("usage", "No secret is named", { hint: "Name secrets, or add --all." });
    }
    if (flags.all && given.length > 0) {
      throw new SkiffError("usage", "Names and --all cannot be combined", { hint: "Give one of them." });
    }
    const names = flags.all ? (await store.list()).map(({ name }) => name) : given;
    let missing = false;
    for (const name of names) {
      if (await store.remove(name)) await context.out(`Removed ${name}\n`);
      else {
        missing = true;
        await context.err(`There is no secret ${name}\n`);
      }
    }
    return missing ? 1 : 0;
  },
};

const exportCommand: Command = {
  name: "export",
  summary: "Print the secrets of servers as a file for `gateway run --secrets`",
  description:
    "Prints the secrets that servers declare, one `name=value` a line, for a gateway in a container\n" +
    "(/run/secrets/mcp_secret). Not to a terminal.",
  hidden: true,
  args: [{ name: "SERVER", required: true, variadic: true }],
  examples: ["(umask 077; skiff mcp secret export github-official > secrets.env)"],
  async run({ context, args }) {
    if (context.stdoutIsTerminal) {
      throw new SkiffError("usage", "Secrets are not shown on a terminal", {
        hint: "Write them to a file: skiff mcp secret export NAME > secrets.env",
      });
    }
    const configuration = await loadConfiguration(placeOf(context));
    const lines = new Map<string, string>();
    for (const name of args.SERVER as string[]) {
      const server = await configuration.server(name);
      if (!server) throw unknownServer(name, configuration.catalogs);
      for (const [secret, value] of server.secrets) lines.set(secret, value);
      for (const { name } of server.entry.secrets ?? []) {
        if (!server.secrets.has(name)) await context.err(`There is no secret ${name}\n`);
      }
    }
    const broken = [...lines].find(([, value]) => /[\r\n]/.test(value));
    if (broken) throw new SkiffError("unsupported", `The value of ${broken[0]} has several lines`);
    await context.out([...lines].map(([name, value]) => `${name}=${value}\n`).join(""));
  },
};

export const secretCommand: Command = {
  name: "secret",
  summary: "Keep the secrets that servers need",
  commands: [setCommand, lsCommand, rmCommand, exportCommand].map((command) => ({
    name: command.name,
    hidden: command.hidden,
    aliases: command.aliases,
    summary: command.summary,
    load: () => Promise.resolve(command),
  })),
};
