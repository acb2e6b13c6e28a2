/** `skiff mcp config`: the values of servers, in config.yaml. */
import type { Command } from "../../core/cli/command.ts";
import { similarNames } from "../../core/cli/similar_names.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { loadCatalogs } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { canonicalName } from "../../gateway/mcp/catalog/template.ts";
import { dumpConfiguration, restoreConfiguration } from "../../gateway/mcp/configuration/backup.ts";
import {
  readConfigValues,
  setConfigValue,
  writeConfig,
} from "../../gateway/mcp/configuration/config_file.ts";
import { leavePast } from "../../gateway/mcp/configuration/moved_servers.ts";
import { readText } from "../../gateway/mcp/files/edit_file.ts";
import { parseYaml, parseYamlMap } from "../../gateway/mcp/files/yaml_text.ts";
import { placeOf } from "./place.ts";
import { readInput } from "./standard_input.ts";

const readCommand: Command = {
  name: "read",
  summary: "Print the values of all servers",
  async run({ context }) {
    const path = placeOf(context).files.config;
    const text = await readText(path) ?? "";
    parseYamlMap(text, path);
    await context.out(text === "" || text.endsWith("\n") ? text : `${text}\n`);
  },
};

const writeCommand: Command = {
  name: "write",
  summary: "Replace the values of all servers by this YAML",
  args: [{ name: "YAML", summary: "Without it, or as -: stdin" }],
  examples: [`skiff mcp config write 'filesystem: {paths: [/home/me/notes]}'`],
  async run({ context, args }) {
    const given = args.YAML as string | undefined;
    const text = given === undefined || given === "-"
      ? await readInput(context, "skiff mcp config write < config.yaml")
      : given;
    await writeConfig(placeOf(context).files.config, text, context.env);
  },
};

const setCommand: Command = {
  name: "set",
  summary: "Set values of servers; all else stays as it is",
  args: [{ name: "SERVER.KEY=VALUE", required: true, variadic: true, summary: "VALUE may be YAML or JSON" }],
  examples: ["skiff mcp config set filesystem.paths='[/home/me/notes]'"],
  async run({ context, args }) {
    const place = placeOf(context);
    const { servers } = await loadCatalogs(place);
    const present = [...(await readConfigValues(place.files.config)).keys()];
    const changes = (args["SERVER.KEY=VALUE"] as string[])
      .map((word) => parseAssignment(word, [...servers.keys(), ...present]));
    await leavePast(place);
    for (const change of changes) await setConfigValue(place.files.config, change, context.env);
    const known = new Set([...[...servers.keys()].map(canonicalName), ...present]);
    for (const { server } of changes.filter((change) => !known.has(canonicalName(change.server)))) {
      const meant = similarNames(server, servers.keys());
      const hint = meant.length > 0 ? ` There is: ${meant.join(", ")}.` : "";
      await context.err(`No catalog has a server ${server}; the value is kept all the same.${hint}\n`);
    }
  },
};

/** The server is the longest of `names` that fits, since they may have dots; else what stands before the first one. */
function parseAssignment(word: string, names: string[]): { server: string; key: string; value: unknown } {
  const equals = word.indexOf("=");
  const path = word.slice(0, Math.max(equals, 0));
  const fitting = names.filter((name) => path.startsWith(`${name}.`)).sort((a, b) => b.length - a.length);
  const server = fitting[0] ?? path.split(".")[0];
  const key = path.slice(server.length + 1);
  if (server === "" || key.split(".").includes("")) {
    throw new SkiffError("usage", `"${word}" is no value`, { hint: "Give SERVER.KEY=VALUE." });
  }
  return { server, key, value: valueOf(word.slice(equals + 1), key) };
}

/** Lists, mappings, numbers and the like, and texts in quotes, are YAML; anything else is a text. */
function valueOf(text: string, key: string): unknown {
  const isYaml = /^[[{]|^"[^]*"$|^(true|false|null|-?\d+(\.\d+)?)$/.test(text);
  return isYaml ? parseYaml(text, key) ?? null : text;
}

const resetCommand: Command = {
  name: "reset",
  summary: "Remove the values of all servers",
  async run({ context }) {
    await writeConfig(placeOf(context).files.config, "", context.env);
    await context.out("The values of all servers are removed\n");
  },
};

const dumpCommand: Command = {
  name: "dump",
  summary: "Print the whole configuration as one JSON",
  description:
    "Prints the values, the enabled servers and tools and all catalogs as one JSON, for `config restore`. Secrets,\n" +
    "profiles and features are not part of it.",
  hidden: true,
  async run({ context }) {
    await context.out(JSON.stringify(await dumpConfiguration(placeOf(context))));
  },
};

const restoreCommand: Command = {
  name: "restore",
  summary: "Put back what `config dump` printed",
  hidden: true,
  args: [{ name: "FILE", required: true, summary: "-: stdin" }],
  async run({ context, args }) {
    const file = args.FILE as string;
    const text = file === "-"
      ? await readInput(context, "skiff mcp config restore - < backup.json")
      : await readText(file);
    if (text === undefined) throw new SkiffError("not_found", `There is no file ${file}`);
    await restoreConfiguration(text, placeOf(context));
  },
};

export const configCommand: Command = {
  name: "config",
  summary: "Show and change the servers' settings",
  commands: [
    readCommand,
    writeCommand,
    setCommand,
    resetCommand,
    dumpCommand,
    restoreCommand,
  ].map((command) => ({
    name: command.name,
    summary: command.summary,
    hidden: command.hidden,
    load: () => Promise.resolve(command),
  })),
};
