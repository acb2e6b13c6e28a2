/** Docker's own settings: `config.json` and the contexts that `docker context create` keeps. */
import { SkiffError } from "../errors/skiff_error.ts";
import { type DockerAddress, parseAddress, type TlsMaterial } from "./address.ts";

export type Environment = { get(name: string): string | undefined };

export interface DockerConfigFile {
  currentContext?: string;
  /** Added to every call of the Engine's API. */
  HttpHeaders?: Record<string, string>;
  detachKeys?: string;
  proxies?: Record<string, Record<string, string>>;
}

interface ContextMetadata {
  Name?: string;
  Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } };
}

/** The user's home folder; undefined where the environment names none. */
export function homeFolder(env: Environment): string | undefined {
  return env.get("HOME") || env.get("USERPROFILE") || undefined;
}

/** `$DOCKER_CONFIG` or `~/.docker`. */
export function dockerConfigFolder(env: Environment): string | undefined {
  const home = homeFolder(env);
  return env.get("DOCKER_CONFIG") || (home ? `${home}/.docker` : undefined);
}

/** What `config.json` says; empty where there is none. Throws "invalid_input" when it cannot be read. */
export function readConfigFile(env: Environment): DockerConfigFile {
  const folder = dockerConfigFolder(env);
  return folder === undefined ? {} : readJson<DockerConfigFile>(`${folder}/config.json`) ?? {};
}

/** The Engine's address in a context. Throws "not_found" when there is no such context. */
export async function readContext(name: string, env: Environment): Promise<DockerAddress> {
  const folder = `${dockerConfigFolder(env)}/contexts`;
  const { createHash } = await import("node:crypto"); // contexts are rare, and Node's parts slow to load
  const id = createHash("sha256").update(name).digest("hex");
  const metadata = readJson<ContextMetadata>(`${folder}/meta/${id}/meta.json`);
  if (metadata === undefined) throw await unknownContext(name, folder);
  const { Host: host, SkipTLSVerify: skip } = metadata.Endpoints?.docker ?? {};
  if (!host) {
    throw new SkiffError("invalid_input", `The Docker context "${name}" names no Engine`, {
      hint: `Repair it with \`docker context update ${name} --docker host=…\`, or set DOCKER_HOST.`,
    });
  }
  return parseAddress(host, contextTls(`${folder}/tls/${id}/docker`, skip === true));
}

function contextTls(folder: string, skipVerify: boolean): TlsMaterial | undefined {
  const material = readTlsFolder(folder);
  const isEmpty = Object.keys(material).length === 0;
  return isEmpty && !skipVerify ? undefined : { ...material, verify: !skipVerify };
}

/** `ca.pem`, `cert.pem` and `key.pem` of a folder, those that are there. */
export function readTlsFolder(folder: string): Omit<TlsMaterial, "verify"> {
  const material: Omit<TlsMaterial, "verify"> = {};
  for (const name of ["ca", "cert", "key"] as const) {
    const text = readText(`${folder}/${name}.pem`);
    if (text !== undefined) material[name] = text;
  }
  return material;
}

/** The names of all contexts besides "default", sorted. */
export async function listContexts(env: Environment): Promise<string[]> {
  return await contextNames(`${dockerConfigFolder(env)}/contexts`);
}

async function contextNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(`${folder}/meta`)) {
      const metadata = readJson<ContextMetadata>(`${folder}/meta/${entry.name}/meta.json`);
      if (metadata?.Name) names.push(metadata.Name);
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  return names.sort();
}

async function unknownContext(name: string, folder: string): Promise<SkiffError> {
  const known = ["default", ...await contextNames(folder)];
  return new SkiffError("not_found", `There is no Docker context "${name}"`, {
    hint: `Known contexts: ${known.join(", ")}. Choose one with DOCKER_CONTEXT, or unset it.`,
  });
}

function readJson<T>(path: string): T | undefined {
  const text = readText(path);
  if (text === undefined || text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SkiffError("invalid_input", `Cannot read ${path}: ${(error as Error).message}`, {
      hint: "Repair the file, or move it away to go on without it.",
      cause: error,
    });
  }
}

/** Synchronous: these files are small, and a process's first asynchronous read takes 0.4 ms. */
function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
