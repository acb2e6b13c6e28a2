/** From a server's entry and the user's values to what is started: every template and variable resolved. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { asTyped } from "../../../core/process/called_as.ts";
import { selfCommand } from "../../../core/process/self.ts";
import { isUnisolated, serverType } from "../catalog/server_entry.ts";
import { resolveList, resolveText, templateValues } from "../catalog/template.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { tokenName } from "../oauth/login.ts";
import { remoteUrl } from "../oauth/oauth_app.ts";
import { type BindRules, checkBind } from "./bind_rules.ts";
import type { ContainerSpec, LocalSpec, RemoteSpec, ServerSpec } from "./server_spec.ts";

export interface LaunchOptions {
  env: { get(name: string): string | undefined };
  binds: BindRules;
  /** `--static`: servers run already. */
  isStatic: boolean;
  log(line: string): void;
}

/** What a secret without a value becomes, as in Docker's gateway. */
const unknownSecret = "<UNKNOWN>";

/** Throws "invalid_input" for an entry that is no server, "forbidden" for a folder that must not be mounted. */
export async function serverSpec(server: EnabledServer, options: LaunchOptions): Promise<ServerSpec> {
  const { entry } = server;
  const type = serverType(entry);
  if (options.isStatic && type === "server") {
    return { kind: "static", server, hostname: `mcp-${entry.name}`, port: 4444 };
  }
  if (type === "server" && entry.image) return await containerSpec(server, options);
  if (type === "remote") return remoteSpec(server, options);
  if (type === "local" && entry.command?.length) return localSpec(server, options);
  if (type === "poci") {
    const env = variables(server, options);
    return { kind: "one-shot", server, env: [...env].map(([name, value]) => `${name}=${value}`) };
  }
  throw new SkiffError("invalid_input", `the catalog's entry of ${entry.name} has neither image nor URL`);
}

async function containerSpec(server: EnabledServer, options: LaunchOptions): Promise<ContainerSpec> {
  const { entry } = server;
  const values = valuesOf(server);
  const env = variables(server, options);
  const volumes = resolveList(entry.volumes ?? [], values, { dropEmpty: true });
  const usable = (what: string, texts: string[]) =>
    texts.filter((text) => {
      if (!text.startsWith("-")) return true;
      options.log(`the ${what} "${text}" is left out: it looks like an option`);
      return false;
    });
  const user = entry.user && usable("user", [resolveText(entry.user, values)])[0];
  return {
    kind: "container",
    server,
    image: entry.image!,
    command: resolveList(entry.command ?? [], values, { dropEmpty: true }).map((text) => expand(text, env)),
    env: [...env].map(([name, value]) => `${name}=${value}`),
    binds: await Promise.all(usable("volume", volumes).map((volume) => checkBind(volume, options.binds))),
    user: user || undefined,
    extraHosts: usable("host", entry.extraHosts ?? []),
    allowHosts: entry.allowHosts ?? [],
    disableNetwork: entry.disableNetwork ?? false,
  };
}

function remoteSpec(server: EnabledServer, options: LaunchOptions): RemoteSpec {
  const { entry } = server;
  const url = entry.remote?.url ?? entry.sseEndpoint;
  if (!url) throw new SkiffError("invalid_input", `the catalog's entry of ${entry.name} has no URL`);
  const env = variables(server, options);
  const headers = Object.entries(entry.remote?.headers ?? {}).map((
    [name, value],
  ) => [name, expand(value, env)]);
  return {
    kind: "remote",
    server,
    url: expand(url, env),
    transport: remoteTransport(entry.remote ? entry.remote.transport_type : "sse"),
    headers: Object.fromEntries(headers),
  };
}

function remoteTransport(text = ""): RemoteSpec["transport"] {
  if (text === "") return "either";
  if (text === "sse") return "sse";
  if (["http", "streamable", "streaming", "streamable-http"].includes(text)) return "streamable";
  throw new SkiffError("invalid_input", `"${text}" is no transport of remote servers`, {
    hint: "Use sse or streamable-http.",
  });
}

/** Of this process's environment only what programs need to run at all. */
const passedVariables = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "APPDATA"];

function localSpec(server: EnabledServer, options: LaunchOptions): LocalSpec {
  const { entry } = server;
  const own = variables(server, options);
  const passed = passedVariables.flatMap((name) => {
    const value = options.env.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const command = resolveList(entry.command!, valuesOf(server), { dropEmpty: true });
  if (isUnisolated(entry)) options.log("runs as a command of this machine: it is not isolated");
  return {
    kind: "local",
    server,
    command: withOwnProgram(command.map((text) => expand(text, own))),
    env: { ...Object.fromEntries(passed), ...Object.fromEntries(own) },
    cwd: entry.cwd,
  };
}

/** `skiff` is this program, wherever it lies. */
function withOwnProgram(command: string[]): string[] {
  if (command[0] !== "skiff") return command;
  const { program, args } = selfCommand(command.slice(1));
  return [program, ...args];
}

const valuesOf = ({ entry, config }: EnabledServer) => templateValues(entry.name, config);

/** Secrets first, then `env`, whose values may use what is set before them. Empty values are not set. */
function variables(server: EnabledServer, { log }: LaunchOptions): Map<string, string> {
  const { entry, secrets } = server;
  const env = new Map<string, string>();
  for (const { name, env: variable } of entry.secrets ?? []) {
    const value = secrets.get(name);
    if (value === undefined) {
      const provider = entry.oauth?.providers?.find(({ secret }) => secret === name)?.provider;
      const login = provider === undefined ? "" : `, or log in: \`skiff mcp oauth authorize ${provider}\``;
      log(asTyped(`the secret ${name} is not set (\`skiff mcp secret set ${name}\`${login})`));
    }
    env.set(variable, value ?? unknownSecret);
  }
  for (const { provider, secret = tokenName(provider), env: variable } of entry.oauth?.providers ?? []) {
    const value = secrets.get(secret);
    if (variable && value !== undefined && remoteUrl(entry) === undefined) env.set(variable, value);
  }
  for (const { name, value } of entry.env ?? []) {
    const text = String(value ?? "");
    const resolved = text.includes("{{") ? resolveText(text, valuesOf(server)) : expand(text, env);
    if (resolved !== "") env.set(name, resolved);
  }
  return env;
}

/** `$NAME` and `${NAME}`; unknown names become nothing. */
function expand(text: string, env: Map<string, string>): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced, bare) => env.get(braced ?? bare) ?? "");
}
