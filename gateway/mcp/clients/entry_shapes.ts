/** The ways in which clients write down a server that is a command. */
import type { EntryFormat, EntryShape, GatewayCommand } from "./client.ts";

type Entry = Record<string, unknown>;

function readStandard({ command, args, env }: Entry): GatewayCommand | undefined {
  if (typeof command !== "string") return undefined;
  return { command, args: Array.isArray(args) ? args.map(String) : [], ...withEnv(env) };
}

function withEnv(env: unknown): { env?: Record<string, string> } {
  return env && typeof env === "object" && Object.keys(env).length > 0
    ? { env: env as Record<string, string> }
    : {};
}

/** `{command, args}` with further fields before and behind. */
const standard = (before: Entry = {}, behind: Entry = {}): EntryShape => ({
  write: (_, command) => ({ ...before, ...command, ...behind }),
  read: readStandard,
});

export const plain = standard();
export const stdio = standard({ type: "stdio" });
export const zedShape = standard({ source: "custom", enabled: true });
export const sema4Shape = standard({}, { transport: "stdio" });
export const copilotShape = standard({ type: "local" }, { tools: ["*"] });

/** One list with program and arguments. */
export const opencodeShape: EntryShape = {
  write: (_, { command, args, env }) => ({
    type: "local",
    command: [command, ...args],
    enabled: true,
    ...(env ? { environment: env } : {}),
  }),
  read({ command, environment }) {
    if (!Array.isArray(command) || command.length === 0) return undefined;
    const [program, ...args] = command.map(String);
    return { command: program, args, ...withEnv(environment) };
  },
};

export const continueShape: EntryShape = {
  write: (name, command) => ({ name, ...command }),
  read: readStandard,
};

export const gooseShape: EntryShape = {
  write: (name, { command, args, env }) => ({
    name: simpleName(name),
    type: "stdio",
    cmd: command,
    args,
    enabled: true,
    timeout: 300,
    bundled: null,
    description: "All enabled MCP servers, through one gateway",
    env_keys: [],
    envs: env ?? {},
  }),
  read: ({ cmd, args, envs }) => readStandard({ command: cmd, args, env: envs }),
};

/** Lower case and alphanumerics only. */
export function simpleName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

export const mcpServers = (shape: EntryShape = plain): EntryFormat => ({
  kind: "json",
  at: ["mcpServers"],
  shape,
});
