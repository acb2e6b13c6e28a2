/** Queries of the Engine's API: read once, each parameter at most once, written anew. */
import { isZero, ownedLabels } from "./body_check.ts";
import { Refusal } from "./refusal.ts";

/** The query's parameters. Throws `Refusal` when one that is no list comes twice: Go takes the first, others the last. */
export function readQuery(text: string, lists: readonly string[] = []): URLSearchParams {
  if (text.includes(";")) throw new Refusal("a semicolon in the query", 400);
  const query = new URLSearchParams(text);
  const seen = new Set<string>();
  for (const name of query.keys()) {
    if (seen.has(name) && !lists.includes(name)) {
      throw new Refusal(`the parameter "${name}" comes twice`, 400);
    }
    seen.add(name);
  }
  return query;
}

/** Adds the owner's label to the filters of a list. */
export function ownedFilters(query: URLSearchParams, owner: string, key = "label"): void {
  let filters: Record<string, unknown> = {};
  const given = query.get("filters");
  if (given) {
    try {
      filters = JSON.parse(given);
    } catch {
      throw new Refusal("the filters are no JSON", 400);
    }
    if (typeof filters !== "object" || filters === null || Array.isArray(filters)) {
      throw new Refusal("the filters are no object", 400);
    }
  }
  const lists: Record<string, string[]> = {};
  for (const [name, values] of Object.entries(filters)) {
    lists[name] = Array.isArray(values) ? values.map(String) : Object.keys(values as object);
  }
  lists[key] = [...(lists[key] ?? []), owner];
  query.set("filters", JSON.stringify(lists));
}

const buildParameters = new Set([
  "t",
  "dockerfile",
  "nocache",
  "rm",
  "forcerm",
  "q",
  "pull",
  "buildargs",
  "target",
  "platform",
  "labels",
  "shmsize",
  "memory",
  "memswap",
  "cpushares",
  "cpusetcpus",
  "cpusetmems",
  "cpuquota",
  "cpuperiod",
  "cachefrom",
  "ulimits",
  "networkmode",
  "version",
]);

export interface BuildRules {
  owner: Record<string, string>;
  open: boolean;
  /** Id of the sandbox's own container. */
  container: string;
  /** Bytes that a step may use; 0 = not limited. */
  memory: number;
  proxyEnvironment: string[];
}

/** The query of `POST /build`, refused or rewritten; its tags are looked at later. */
export function checkBuild(query: URLSearchParams, rules: BuildRules): void {
  for (const [name, value] of [...query]) {
    if (buildParameters.has(name)) continue;
    if (!["", "0", "false", "null", "{}", "[]"].includes(value)) {
      throw new Refusal(`the build parameter "${name}" is not allowed in a sandbox`);
    }
    query.delete(name);
  }
  if (!["", "1"].includes(query.get("version") ?? "")) {
    throw new Refusal("BuildKit cannot be used from a sandbox; set DOCKER_BUILDKIT=0");
  }
  const mode = query.get("networkmode") ?? "";
  if (!["", "default", "bridge", "none"].includes(mode)) {
    throw new Refusal(`a build on the network "${mode}" is not allowed in a sandbox`);
  }
  if (mode !== "none" && !rules.open) {
    query.set("networkmode", `container:${rules.container}`);
    const args = jsonObject(query.get("buildargs"), "buildargs");
    for (const line of rules.proxyEnvironment) {
      const at = line.indexOf("=");
      args[line.slice(0, at)] ??= line.slice(at + 1);
    }
    query.set("buildargs", JSON.stringify(args));
  }
  const asked = Number(query.get("memory") ?? 0);
  if (rules.memory > 0 && !(asked > 0 && asked <= rules.memory)) query.set("memory", String(rules.memory));
  if (rules.memory > 0) query.set("memswap", query.get("memory")!);
  query.set("labels", JSON.stringify(ownedLabels(jsonObject(query.get("labels"), "labels"), rules.owner)));
}

function jsonObject(text: string | null, what: string): Record<string, unknown> {
  if (!text) return {};
  try {
    const value = JSON.parse(text);
    if (isZero(value)) return {};
    if (typeof value === "object" && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new Refusal(`${what} is no JSON object`, 400);
}

/** "repository" and tag of a reference, in the Engine's full form; for looking at what a tag would replace. */
export function fullTag(repository: string, tag: string): string {
  if (!/^[a-z0-9][a-z0-9._\-/:]*$/.test(repository) || repository.includes("..")) {
    throw new Refusal(`"${repository}" is no image's name`, 400);
  }
  const named = /:[^/]+$/.test(repository);
  return named ? repository : `${repository}:${tag || "latest"}`;
}

/** The registry that an image comes from, e.g. "registry-1.docker.io:443", for the network policy. */
export function registryOf(image: string): { host: string; port: number } {
  const [first, ...rest] = image.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const authority = isHost ? first : "docker.io";
  if (["docker.io", "index.docker.io"].includes(authority)) {
    return { host: "registry-1.docker.io", port: 443 };
  }
  const [host, port = "443"] = authority.split(":");
  return { host, port: Number(port) };
}
