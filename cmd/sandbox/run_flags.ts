/** The flags of `run` and `create`, and the settings that they say. */
import type { Flag, Invocation } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { readEnvironment } from "../../core/sandbox/env_flag.ts";
import { checkName } from "../../core/sandbox/naming.ts";
import { parseNetworkFlag } from "../../core/sandbox/network/policy.ts";
import { parseCpus, parseMemory, parsePids } from "../../core/sandbox/quantity.ts";
import { defaultSettings, type SandboxSettings } from "../../core/sandbox/settings.ts";
import { parseVolume } from "../../core/sandbox/volume_flag.ts";

export const settingFlags: Flag[] = [
  {
    name: "env",
    short: "e",
    summary: "Set a variable (NAME=VALUE), or pass yours on (NAME)",
    value: "ENV",
    repeatable: true,
  },
  { name: "env-file", summary: "Read variables from a file", value: "FILE", repeatable: true },
  {
    name: "volume",
    short: "v",
    summary: "Mount a path of this machine: HOST-PATH:PATH[:ro]",
    value: "VOLUME",
    repeatable: true,
  },
  {
    name: "workspace",
    short: "w",
    summary: "Folder that the agent works in (default: the current one)",
    value: "DIR",
  },
  { name: "name", summary: "Name of the sandbox", value: "NAME" },
  { name: "template", short: "t", summary: "Image to make the sandbox of", value: "IMAGE" },
  { name: "base", summary: "Image like Debian to build the template on", value: "IMAGE" },
  {
    name: "pull",
    summary: "When to pull the template",
    value: "WHEN",
    choices: ["always", "missing", "never"],
  },
  {
    name: "pull-template",
    summary: "Same as --pull",
    value: "WHEN",
    choices: ["always", "missing", "never"],
    hidden: true,
  },
  {
    name: "credentials",
    summary: "Where the agent's login comes from",
    value: "FROM",
    choices: ["sandbox", "host", "none"],
  },
  {
    name: "mount-docker-socket",
    summary: "Let the agent use Docker, filtered: its own containers, this folder",
  },
  { name: "raw-docker-socket", summary: "With --mount-docker-socket: unfiltered, the whole machine" },
  { name: "network", summary: "none, model, allow-list (balanced, locked) or open", value: "MODE" },
  { name: "allow-host", summary: "Let it reach HOST[:PORT]", value: "RULE", repeatable: true },
  { name: "deny-host", summary: "Never let it reach HOST[:PORT]", value: "RULE", repeatable: true },
  { name: "model", summary: "Local model that answers instead of the agent's service", value: "MODEL" },
  { name: "mcp", summary: "Connect the agent to the MCP gateway" },
  { name: "mcp-gateway", summary: "Port or socket of the MCP gateway", value: "WHERE" },
  { name: "runtime", summary: "OCI runtime; auto takes the strongest that there is", value: "RUNTIME" },
  { name: "memory", short: "m", summary: "Most memory, e.g. 4g", value: "BYTES" },
  { name: "cpus", summary: "Most processors, e.g. 1.5", value: "NUMBER" },
  { name: "pids", summary: "Most processes", value: "NUMBER" },
  { name: "allow-git", summary: "Let the agent write hooks and configuration of Git and editors" },
  { name: "clone", summary: "Work on a private clone; changes come back as a branch" },
  { name: "recreate", summary: "Replace the sandbox that is there" },
  { name: "quiet", short: "q", summary: "Print only what the agent prints" },
  { name: "debug", short: "D", summary: "Show the causes of errors" },
];

const defaultMcpGateway = "8811";

/** What was given on the command line, and nothing else. Throws "usage". */
export async function givenSettings({ flags, context }: Invocation): Promise<Partial<SandboxSettings>> {
  const given: Partial<SandboxSettings> = {};
  const text = (name: string) => flags[name] as string | undefined;
  const list = (name: string) => flags[name] as string[] | undefined;
  if (list("env") || list("env-file")) {
    given.env = readEnvironment(list("env") ?? [], await readEnvFiles(list("env-file") ?? []), context.env);
  }
  const place = { home: context.env.get("HOME") ?? "", cwd: Deno.cwd() };
  if (list("volume")) given.volumes = list("volume")!.map((volume) => parseVolume(volume, place));
  if (text("template")) given.template = text("template");
  if (text("base")) given.base = text("base");
  if (text("credentials")) given.credentials = text("credentials") as SandboxSettings["credentials"];
  if (flags["raw-docker-socket"]) given.dockerSocket = "raw";
  else if (flags["mount-docker-socket"]) given.dockerSocket = "filtered";
  if (text("network")) {
    const { mode, preset } = parseNetworkFlag(text("network")!);
    given.network = mode;
    if (preset) given.preset = preset;
  }
  if (list("allow-host")) given.allow = list("allow-host");
  if (list("deny-host")) given.deny = list("deny-host");
  if (text("model")) given.model = text("model");
  if (flags.mcp || text("mcp-gateway")) given.mcp = text("mcp-gateway") ?? defaultMcpGateway;
  if (text("runtime")) given.runtime = text("runtime");
  if (text("memory")) given.memory = parseMemory(text("memory")!);
  if (text("cpus")) given.cpus = parseCpus(text("cpus")!);
  if (text("pids")) given.pids = parsePids(text("pids")!);
  if (flags["allow-git"]) given.allowGit = true;
  if (flags.clone) given.clone = true;
  if (text("name") !== undefined) checkName(text("name")!);
  return given;
}

/** With defaults: a sandbox with a local model reaches that and nothing else, unless something else is said. */
export function wholeSettings(given: Partial<SandboxSettings>): SandboxSettings {
  const settings = { ...defaultSettings, ...given };
  if (given.model !== undefined && given.network === undefined) settings.network = "model";
  if (given.base !== undefined && given.template !== undefined) {
    throw new SkiffError("usage", "--template and --base exclude each other", {
      hint: "--template takes an image as it is; --base puts the agent on top of one.",
    });
  }
  if (settings.clone && settings.allowGit) {
    throw new SkiffError("usage", "--clone and --allow-git exclude each other", {
      hint: "In a clone of its own the agent may write everything anyway.",
    });
  }
  return settings;
}

export async function readEnvFiles(paths: string[]): Promise<{ path: string; text: string }[]> {
  return await Promise.all(paths.map(async (path) => {
    try {
      return { path, text: await Deno.readTextFile(path) };
    } catch (cause) {
      throw new SkiffError("not_found", `Cannot read --env-file ${path}`, {
        hint: "Check the path and its permissions.",
        cause,
      });
    }
  }));
}
