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
  registry_type?: string;
  identifier?: string;
  version?: string;
  transport?: { type?: string };
  environmentVariables?: Input[];
  environment_variables?: Input[];
  packageArguments?: Input[];
  package_arguments?: Input[];
}

interface ServerJson {
  name?: string;
  title?: string;
  description?: string;
  version?: string;
  packages?: Package[];
  remotes?: { type?: string; transport_type?: string; url?: string; headers?: Input[] }[];
  websiteUrl?: string;
  repository?: { url?: string };
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
  const image = server.packages?.find((one) => kindOf(one) === "oci");
  const remote = server.remotes?.find(({ url }) => url);
  const installed = server.packages?.find((one) => kinds[kindOf(one) as keyof PackageKinds]);
  const entry: ServerEntry = { name, title: server.title ?? server.name, description: server.description };
  if (image) Object.assign(entry, container(name, image));
  else if (remote) Object.assign(entry, remoteFields(name, remote));
  else if (installed) Object.assign(entry, installedPackage(name, installed));
  else {
    const others = server.packages?.map(kindOf).join(", ");
    throw new SkiffError("unsupported", `${server.name} has no container image and no remote address`, {
      hint: others ? `It comes as: ${others}. Build an image of it, and write an entry for that.` : undefined,
    });
  }
  entry.metadata = { tags: ["community"], registryUrl: path };
  return JSON.parse(JSON.stringify(entry)); // without fields that are undefined
}

function parsed(text: string, path: string): ServerJson {
  let value: ServerJson & { server?: ServerJson };
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SkiffError("invalid_input", `${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
  const server = value?.server ?? value;
  if (typeof server?.name !== "string") {
    throw new SkiffError("invalid_input", `${path} describes no MCP server`, {
      hint: "Give the address of one server, like …/v0/servers/ID.",
    });
  }
  return server;
}

const kindOf = (one: Package) => one.registryType ?? one.registry_type ?? "";

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
  const { image, cache, folder, words } = runners[kindOf(one) as keyof typeof runners];
  const entry = container(name, { ...one, identifier: image, version: undefined });
  const command = [...words(one.identifier ?? "", one.version), ...(entry.command ?? [])];
  return { ...entry, command, volumes: [`${cache}${name}:${folder}`] };
}

function container(name: string, image: Package): Partial<ServerEntry> {
  const inputs = image.environmentVariables ?? image.environment_variables ?? [];
  const args = image.packageArguments ?? image.package_arguments ?? [];
  const identifier = image.identifier ?? "";
  const tagged = /[@]|:[^/]+$/.test(identifier) || !image.version;
  const settings = new Map<string, Input>();
  const command = args.flatMap((argument) => argumentWords(name, argument, settings));
  const env = inputs.filter((input) => !input.isSecret && input.name).map((input) => {
    if (input.value === undefined) settings.set(input.name!, input);
    return { name: input.name!, value: input.value ?? setting(name, input.name!, input.default) };
  });
  return {
    type: "server",
    image: tagged ? identifier : `${identifier}:${image.version}`,
    ...(command.length > 0 ? { command } : {}),
    ...(env.length > 0 ? { env } : {}),
    ...secretsOf(name, inputs),
    ...configOf(name, settings),
  };
}

/** What follows the image: fixed texts, and settings in the place of what the user must say. */
function argumentWords(server: string, argument: Input, settings: Map<string, Input>): string[] {
  const key = (argument.valueHint ?? argument.name ?? "argument").replace(/^-+/, "");
  let value = argument.value;
  if (value === undefined) {
    settings.set(key, argument);
    value = setting(server, key, argument.default);
  }
  return argument.type === "named" && argument.name ? [argument.name, value] : [value];
}

function setting(server: string, key: string, standard?: string): string {
  const path = `${server.replaceAll(".", "_")}.${key.replaceAll(".", "_")}`;
  return standard ? `{{${path}|or:${standard}}}` : `{{${path}}}`;
}

function secretsOf(server: string, inputs: Input[]): { secrets?: SecretEntry[] } {
  const secrets = inputs.filter((input) => input.isSecret && input.name).map((input) => ({
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
  { url, type, transport_type, headers = [] }: NonNullable<ServerJson["remotes"]>[number],
): Partial<ServerEntry> {
  const secrets: SecretEntry[] = [];
  const values = headers.filter(({ name }) => name).map(({ name, value = "", variables = {}, isSecret }) => {
    const variable = (key: string) => {
      const env = `${server}_${key}`.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
      secrets.push({ name: `${server}.${key.toLowerCase()}`, env, description: variables[key]?.description });
      return `\${${env}}`;
    };
    if (value === "" && isSecret) return [name!, variable(name!)];
    return [name!, value.replace(/\{([A-Za-z0-9_.-]+)\}/g, (_, key) => variable(key))];
  });
  return {
    type: "remote",
    remote: {
      url: url!,
      transport_type: type ?? transport_type ?? "streamable-http",
      ...(values.length > 0 ? { headers: Object.fromEntries(values) } : {}),
    },
    ...(secrets.length > 0 ? { secrets } : {}),
  };
}
