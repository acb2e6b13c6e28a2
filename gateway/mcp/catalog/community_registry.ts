/**
 * Servers of the community registry (registry.modelcontextprotocol.io, `server.json`) as entries of a catalog:
 * OCI packages become containers, remotes become remote servers.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { type CatalogPlace, putServer } from "./catalogs.ts";
import { fetchText } from "./catalog_source.ts";
import type { ConfigEntry, SecretEntry, ServerEntry } from "./server_entry.ts";

interface Input {
  name?: string;
  value?: string;
  default?: string;
  description?: string;
  isRequired?: boolean;
  isSecret?: boolean;
  type?: string;
  valueHint?: string;
  variables?: Record<string, Input>;
}

interface Package {
  registryType?: string;
  identifier?: string;
  version?: string;
  transport?: { type?: string };
  environmentVariables?: Input[];
  packageArguments?: Input[];
  /** Of `docker run`. */
  runtimeArguments?: Input[];
}

interface ServerJson {
  name?: string;
  title?: string;
  description?: string;
  version?: string;
  packages?: Package[];
  remotes?: { type?: string; transportType?: string; url?: string; headers?: Input[] }[];
}

/** Adds the server at an address of a registry to a catalog of the user's own; with `dryRun` only gives it. */
export async function importFromRegistry(
  catalog: string,
  { url, dryRun }: { url: string; dryRun: boolean },
  place: CatalogPlace,
): Promise<ServerEntry> {
  const entry = fromServerJson(await fetchText(url, place.env), url);
  if (!dryRun) await putServer(catalog, entry, { force: true }, place);
  return entry;
}

/** Packages, beside images, that may be installed in a container each time it starts. */
export interface PackageKinds {
  pypi?: boolean;
  npm?: boolean;
}

/** The entry of a `server.json`. Throws "invalid_input", and "unsupported" when nothing of it runs in a container. */
export function fromServerJson(text: string, path: string, kinds: PackageKinds = {}): ServerEntry {
  const server = parsed(text, path);
  const name = server.name!.replace(/[^A-Za-z0-9._-]+/g, "-");
  const packages = server.packages?.filter(speaksStdio) ?? [];
  const image = packages.find((one) => one.registryType === "oci");
  const remote = server.remotes?.find(({ url }) => url);
  const installed = packages.find((one) => kinds[one.registryType as keyof PackageKinds]);
  const entry: ServerEntry = { name, title: server.title ?? server.name, description: server.description };
  if (image) Object.assign(entry, container(name, image));
  else if (remote) Object.assign(entry, remoteFields(name, remote));
  else if (installed) Object.assign(entry, installedPackage(name, installed));
  else {
    const others = server.packages?.map(({ registryType, transport }) =>
      `${registryType} (${transport?.type})`
    )
      .join(", ");
    throw new SkiffError("unsupported", `${server.name} has no container image and no remote address`, {
      hint: others ? `It comes as: ${others}. Build an image of it, and write an entry for that.` : undefined,
    });
  }
  entry.metadata = { tags: ["community"], ...(/^https?:/i.test(path) ? { registryUrl: path } : {}) };
  return JSON.parse(JSON.stringify(entry)); // without fields that are undefined
}

function parsed(text: string, path: string): ServerJson {
  let value: ServerJson & { server?: ServerJson };
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SkiffError("invalid_input", `${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
  const server = camelCase(value?.server ?? value) as ServerJson;
  if (typeof server?.name !== "string") {
    throw new SkiffError("invalid_input", `${path} describes no MCP server`, {
      hint: "Give the address of one server, like …/v0/servers/ID.",
    });
  }
  return server;
}

/** Older files write `is_secret` where newer ones write `isSecret`. Names of variables are not the schema's. */
function camelCase(value: unknown, isNames = false): unknown {
  if (Array.isArray(value)) return value.map((item) => camelCase(item));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      isNames ? key : key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()),
      camelCase(item, key === "variables"),
    ]),
  );
}

const speaksStdio = ({ transport }: Package) => (transport?.type ?? "stdio") === "stdio";

/** An image with the language's package runner; what it fetched is kept in a volume of the server's own. */
const runners = {
  pypi: {
    image: "ghcr.io/astral-sh/uv:python3.14-bookworm-slim",
    cache: "docker-mcp-uv-cache-",
    folder: "/root/.cache/uv",
    words: (id: string, version?: string) => ["uvx", ...(version ? ["--from", `${id}==${version}`] : []), id],
  },
  npm: {
    image: "node:24-bookworm-slim",
    cache: "docker-mcp-npm-cache-",
    folder: "/root/.npm",
    words: (id: string, version?: string) => ["npx", "--yes", version ? `${id}@${version}` : id],
  },
};

function installedPackage(name: string, one: Package): Partial<ServerEntry> {
  const { image, cache, folder, words } = runners[one.registryType as keyof typeof runners];
  const entry = container(name, { ...one, identifier: image, version: undefined });
  const command = [...words(one.identifier ?? "", one.version), ...(entry.command ?? [])];
  return { ...entry, command, volumes: [`${cache}${name}:${folder}`, ...(entry.volumes ?? [])] };
}

function container(name: string, image: Package): Partial<ServerEntry> {
  const { identifier = "", environmentVariables: inputs = [], packageArguments: args = [] } = image;
  const tagged = /[@]|:[^/]+$/.test(identifier) || !image.version;
  const settings = new Map<string, Input>();
  const command = args.flatMap((argument) => argumentWords(name, argument, settings));
  const runtime = runtimeFields(name, image.runtimeArguments ?? [], settings);
  const env = [
    ...inputs.filter((input) => !isSecret(input) && input.name)
      .map((input) => ({ name: input.name!, value: valueOf(name, input.name!, input, settings) })),
    ...runtime.env,
  ];
  return {
    type: "server",
    image: tagged
      ? identifier
      : `${identifier}${image.version!.startsWith("sha256:") ? "@" : ":"}${image.version}`,
    ...(command.length > 0 ? { command } : {}),
    ...(env.length > 0 ? { env } : {}),
    ...(runtime.volumes.length > 0 ? { volumes: runtime.volumes } : {}),
    ...(runtime.user ? { user: runtime.user } : {}),
    ...secretsOf(name, inputs),
    ...configOf(name, settings),
  };
}

/** A secret itself, or made with one. */
const isSecret = ({ isSecret = false, variables = {} }: Input) =>
  isSecret || Object.values(variables).some((variable) => variable.isSecret);

/** A fixed text, with settings in the place of `{variables}`; or a setting where nothing is fixed. */
function valueOf(server: string, key: string, input: Input, settings: Map<string, Input>): string {
  const { value, variables = {} } = input;
  if (value === undefined) {
    settings.set(key, input);
    return setting(server, key, input.default);
  }
  return value.replace(/\{([^{}]+)\}/g, (all, variable) => {
    if (!Object.hasOwn(variables, variable)) return all;
    settings.set(variable, variables[variable]);
    return setting(server, variable, variables[variable].default);
  });
}

/** What follows the image. Throws "unsupported" for a secret there: arguments are no place for one. */
function argumentWords(server: string, argument: Input, settings: Map<string, Input>): string[] {
  if (isSecret(argument)) {
    throw new SkiffError("unsupported", `${server} wants a secret as an argument, where others can see it`);
  }
  const key = (argument.valueHint ?? argument.name ?? "argument").replace(/^-+/, "");
  const value = valueOf(server, key, argument, settings);
  return argument.type === "named" && argument.name ? [argument.name, value] : [value];
}

/** What of the arguments of `docker run` an entry can say: mounts, variables, the user. */
function runtimeFields(server: string, args: Input[], settings: Map<string, Input>) {
  const fields = {
    volumes: [] as string[],
    env: [] as { name: string; value: string }[],
    user: undefined as string | undefined,
  };
  for (const argument of args) {
    const value = valueOf(server, (argument.name ?? "argument").replace(/^-+/, ""), argument, settings);
    if (["-v", "--volume"].includes(argument.name ?? "")) fields.volumes.push(value);
    else if (argument.name === "--mount") fields.volumes.push(mountAsVolume(value));
    else if (["-e", "--env"].includes(argument.name ?? "")) {
      const [, name, text] = /^([^=]+)=([^]*)$/.exec(value) ?? [];
      if (name) fields.env.push({ name, value: text });
    } else if (["-u", "--user"].includes(argument.name ?? "")) fields.user = value;
  }
  return fields;
}

/** "type=bind,src=A,dst=B,readonly" -> "A:B:ro" */
function mountAsVolume(mount: string): string {
  const parts = new Map(
    mount.split(",").map((part) => {
      const [key, ...value] = part.split("=");
      return [key, value.join("=")];
    }),
  );
  const source = parts.get("src") ?? parts.get("source") ?? "";
  const target = parts.get("dst") ?? parts.get("target") ?? parts.get("destination") ?? "";
  const readOnly = parts.has("readonly") || parts.has("ro");
  return `${source}:${target}${readOnly ? ":ro" : ""}`;
}

function setting(server: string, key: string, standard?: string): string {
  const path = `${server.replaceAll(".", "_")}.${key.replaceAll(".", "_")}`;
  return standard ? `{{${path}|or:${standard}}}` : `{{${path}}}`;
}

function secretsOf(server: string, inputs: Input[]): { secrets?: SecretEntry[] } {
  const secrets = inputs.filter((input) => isSecret(input) && input.name).map((input) => ({
    name: `${server}.${input.name!.toLowerCase()}`,
    env: input.name!,
    ...(input.description ? { description: input.description } : {}),
  }));
  return secrets.length > 0 ? { secrets } : {};
}

function configOf(server: string, settings: Map<string, Input>): { config?: ConfigEntry[] } {
  if (settings.size === 0) return {};
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  for (const [key, { description, isRequired, default: standard }] of settings) {
    properties[key.replaceAll(".", "_")] = { type: "string", ...(description ? { description } : {}) };
    if (isRequired && !standard) required.push(key.replaceAll(".", "_"));
  }
  return {
    config: [{ name: server, description: `Settings of ${server}`, type: "object", properties, required }],
  };
}

function remoteFields(
  server: string,
  { url, type, transportType, headers = [] }: NonNullable<ServerJson["remotes"]>[number],
): Partial<ServerEntry> {
  const secrets: SecretEntry[] = [];
  const values = headers.flatMap((header) => {
    const { name, variables = {}, isSecret, isRequired } = header;
    const value = header.value ?? header.default ?? "";
    if (!name || (value === "" && !isSecret && !isRequired)) return [];
    const variable = (key: string) => {
      const env = `${server}_${key}`.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
      secrets.push({ name: `${server}.${key.toLowerCase()}`, env, description: variables[key]?.description });
      return `\${${env}}`;
    };
    if (value === "") return [[name, variable(name)]];
    return [[name, value.replace(/\{([A-Za-z0-9_.-]+)\}/g, (_, key) => variable(key))]];
  });
  return {
    type: "remote",
    remote: {
      url: url!,
      transport_type: type ?? transportType ?? "streamable-http",
      ...(values.length > 0 ? { headers: Object.fromEntries(values) } : {}),
    },
    ...(secrets.length > 0 ? { secrets } : {}),
  };
}
