/** The whole configuration of a gateway: catalogs, enabled servers, values, secrets, tools, features. */
import { similarNames } from "../../../core/cli/similar_names.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { canonicalName } from "../catalog/template.ts";
import { loadCatalogs, type LoadedCatalogs } from "../catalog/load_catalogs.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { openSecretSources, resolveSecrets, type SecretSources } from "../secrets/resolve_secrets.ts";
import { profileId } from "../profiles/profile.ts";
import { enabledServers } from "../profiles/enabled_of_profile.ts";
import { findProfile, readProfile } from "../profiles/profile_store.ts";
import { readConfigValues, type ServerValues } from "./config_file.ts";
import { defaultProfile } from "./default_profile.ts";
import type { EnabledServer, GatewayConfiguration } from "./enabled_server.ts";
import { readFeatures } from "./features.ts";
import { movedServers, presentOf } from "./moved_servers.ts";
import { readRegistry } from "./registry_file.ts";
import { readTools } from "./tools_file.ts";
import {
  type Environment,
  inContainer,
  resolveFile,
  type ToolkitFiles,
  toolkitFiles,
} from "./toolkit_files.ts";

/** As the flags of `gateway run` of the same names. All may be left out. */
export interface ConfigurationOptions {
  env: Environment;
  cwd: string;
  /** Exactly these servers; the registry is not read, dynamic tools are off. */
  servers?: string[];
  enableAllServers?: boolean;
  catalogs?: string[];
  additionalCatalogs?: string[];
  registry?: string[];
  config?: string[];
  toolsConfig?: string[];
  secrets?: string;
  /** Allow-list `tool`, `server:tool`, `server:*`, `image:tool`, `*`; when there is any, tools.yaml does not hold. */
  tools?: string[];
  /** A profile in place of the registry, the values and tools.yaml. Not together with other flags that choose servers. */
  profile?: string;
}

export interface LoadedConfiguration extends GatewayConfiguration {
  catalogs: LoadedCatalogs;
  secrets: SecretSources;
  /** The patterns of `--tools`, lower case; empty: no such filter. */
  toolPatterns: string[];
  /** A server of the catalogs with the user's values, enabled or not; undefined when no catalog has it. */
  server(name: string): Promise<EnabledServer | undefined>;
  /** A server that is not in a catalog, with the user's values for its name. */
  withValues(entry: ServerEntry): Promise<EnabledServer>;
}

interface UserState {
  values: Map<string, ServerValues>;
  tools: Map<string, string[]>;
}

/**
 * Reads all files anew. Missing files are empty ones. Where no option says which servers there are, they are those
 * of the registry and those of the profile "default". Throws "not_found" for an unknown server of `servers`,
 * "invalid_input" with file and line for a broken file; a server of the registry that no catalog has is a warning.
 */
export async function loadConfiguration(options: ConfigurationOptions): Promise<LoadedConfiguration> {
  const { env, cwd } = options;
  const files = toolkitFiles(env);
  const paths = statePaths(files, options);
  const catalogs = await loadCatalogs({
    files,
    env,
    cwd,
    catalogs: options.catalogs,
    additional: options.additionalCatalogs,
  });
  const warnings = [...catalogs.warnings];
  const features = await readFeatures(files);
  if (options.servers) features["dynamic-tools"] = false;
  const profile = options.profile ?? (features.profiles ? implicitProfile(options) : undefined);
  // A database that cannot be read is told where the profile is read.
  const isImplicit = profile !== undefined && options.profile === undefined;
  const moved = isImplicit ? await movedServers(files).catch(() => undefined) : undefined;
  const state: UserState = {
    values: await mergedByKey(paths.config, presentOf(moved, readConfigValues), warnings),
    tools: options.tools?.length
      ? new Map()
      : await mergedByKey(paths.tools, presentOf(moved, readTools), warnings),
  };
  const search = options.secrets ?? (inContainer(env) ? secretsInContainer : undefined);
  const secrets = await openSecretSources({ files, env, cwd, search });
  const withValues = (entry: ServerEntry) => enabledServer(entry, state, secrets);
  const world = { catalogs, secrets, warnings };
  const servers = options.profile !== undefined ? await profileServers(options, world) : await Promise.all(
    (await enabledNames(
      options,
      { registries: paths.registry, past: moved?.names ?? [] },
      catalogs,
      warnings,
    ))
      .map((name) => withValues(catalogs.servers.get(name)!)),
  );
  if (isImplicit) {
    servers.push(...await furtherServers(profile, { files, env, cwd }, { ...world, servers, state }));
  }
  return {
    servers,
    features,
    warnings,
    files: [
      ...new Set([
        ...paths.registry,
        ...paths.config,
        ...paths.tools,
        ...catalogs.files,
        ...secrets.files,
        ...profileFiles(files, profile),
        files.dockerConfig,
      ]),
    ],
    catalogs,
    secrets,
    toolPatterns: (options.tools ?? []).map((pattern) => pattern.trim().toLowerCase()).filter((p) => p),
    withValues,
    async server(name) {
      const entry = catalogs.servers.get(name);
      return entry && await withValues(entry);
    },
  };
}

/** Where Compose and `docker run` put secrets for a gateway in a container. */
const secretsInContainer = "docker-desktop:/run/secrets/mcp_secret:/.env";

function statePaths(files: ToolkitFiles, { cwd, registry, config, toolsConfig }: ConfigurationOptions) {
  const all = (names: string[] | undefined, standard: string) =>
    (names?.length ? names : [standard]).map((name) => resolveFile(files, name, cwd));
  return {
    registry: all(registry, files.registry),
    config: all(config, files.config),
    tools: all(toolsConfig, files.tools),
  };
}

function profileFiles(files: ToolkitFiles, profile: string | undefined): string[] {
  return profile === undefined ? [] : [`${files.profiles}/${profileId(profile)}.yaml`, files.database];
}

interface ProfileWorld {
  catalogs: LoadedCatalogs;
  secrets: SecretSources;
  warnings: string[];
}

/** The servers of `--profile`. Throws "usage" when flags of the other way to choose servers are given, too. */
async function profileServers(options: ConfigurationOptions, world: ProfileWorld): Promise<EnabledServer[]> {
  const given = choosingFlags(options);
  if (given.length > 0) {
    throw new SkiffError("usage", `--profile cannot be combined with ${given.join(", ")}`, {
      hint: "A profile says itself which servers there are.",
    });
  }
  const place = { files: toolkitFiles(options.env), env: options.env, cwd: options.cwd };
  return await enabledServers(await readProfile(options.profile!, place), world);
}

/** The flags that say which servers there are, in place of the user's files. */
function choosingFlags(options: ConfigurationOptions): string[] {
  const { servers, enableAllServers, catalogs, registry, config, toolsConfig } = options;
  const flags = { servers, "enable-all-servers": enableAllServers, catalog: catalogs, registry, config };
  return Object.entries({ ...flags, "tools-config": toolsConfig })
    .filter(([, value]) => Array.isArray(value) ? value.length > 0 : value).map(([name]) => `--${name}`);
}

const implicitProfile = (options: ConfigurationOptions) =>
  choosingFlags(options).length === 0 ? defaultProfile : undefined;

/** The servers of a profile that are not enabled otherwise; config.yaml and tools.yaml count above its values. */
async function furtherServers(
  id: string,
  place: CatalogPlace,
  { servers, state, ...world }: ProfileWorld & { servers: EnabledServer[]; state: UserState },
): Promise<EnabledServer[]> {
  const found = await findProfile(id, place).catch((error) => {
    if (!(error instanceof SkiffError)) throw error;
    world.warnings.push(error.message);
  });
  const names = new Set(servers.map(({ entry }) => entry.name));
  const others = found ? await enabledServers(found, world) : [];
  return others.filter(({ entry }) => !names.has(entry.name)).map((server) => {
    const tools = state.tools.get(server.entry.name);
    const config = { ...server.config, ...state.values.get(canonicalName(server.entry.name)) };
    return { ...server, config, ...(tools ? { tools } : {}) };
  });
}

/** Several files as one: a later one's key stands for an earlier one's, which is told. */
async function mergedByKey<T>(
  paths: string[],
  read: (path: string) => Promise<Map<string, T>>,
  warnings: string[],
): Promise<Map<string, T>> {
  const merged = new Map<string, T>();
  for (const path of paths) {
    for (const [key, value] of await read(path)) {
      if (merged.has(key)) warnings.push(`${path} has "${key}" again; this one counts`);
      merged.set(key, value);
    }
  }
  return merged;
}

async function enabledNames(
  { servers, enableAllServers }: ConfigurationOptions,
  { registries, past }: { registries: string[]; past: string[] },
  catalogs: LoadedCatalogs,
  warnings: string[],
): Promise<string[]> {
  if (servers) {
    const unknown = servers.find((name) => !catalogs.servers.has(name));
    if (unknown !== undefined) throw unknownServer(unknown, catalogs);
    return [...new Set(servers)];
  }
  if (enableAllServers) return [...catalogs.servers.keys()];
  const names = new Set<string>();
  for (const path of registries) {
    for (const name of await readRegistry(path)) {
      if (past.includes(name)) continue;
      if (catalogs.servers.has(name)) names.add(name);
      else warnings.push(`${path}: the server "${name}" is in no catalog`);
    }
  }
  return [...names];
}

/** The error for a name that no catalog has, with names like it. */
export function unknownServer(name: string, catalogs: LoadedCatalogs): SkiffError {
  const like = similarNames(name, catalogs.servers.keys());
  return new SkiffError("not_found", `server ${name} not found in catalog`, {
    hint: like.length > 0
      ? `There is: ${like.join(", ")}.`
      : "`skiff mcp catalog show` lists the servers; `skiff mcp catalog import docker-mcp` gets Docker's.",
  });
}

async function enabledServer(
  entry: ServerEntry,
  { values, tools }: UserState,
  secrets: SecretSources,
): Promise<EnabledServer> {
  const server: EnabledServer = {
    entry,
    config: values.get(canonicalName(entry.name)) ?? {},
    secrets: await resolveSecrets(entry, secrets),
  };
  const list = tools.get(entry.name) ?? entry.allowedTools;
  if (list) server.tools = list;
  return server;
}

/** Whether `--tools` patterns let a tool through. Names without prefix; empty patterns: all. */
export function toolAllowed(patterns: string[], entry: ServerEntry, tool: string): boolean {
  if (patterns.length === 0) return true;
  const image = entry.image?.replace(/@.*$/, "").toLowerCase();
  const names = [tool.toLowerCase(), "*"];
  return patterns.some((pattern) => {
    if (names.includes(pattern)) return true;
    const colon = pattern.lastIndexOf(":");
    const [owner, name] = [pattern.slice(0, colon), pattern.slice(colon + 1)];
    return colon > 0 && names.includes(name) && (owner === entry.name.toLowerCase() || owner === image);
  });
}
