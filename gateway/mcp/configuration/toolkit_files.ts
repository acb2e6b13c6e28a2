/** Where Docker's MCP toolkit keeps its state; skiff shares it (reference: docker/mcp-gateway). */
import { absolutePath } from "../../../core/paths/path_rules.ts";

export interface Environment {
  get(name: string): string | undefined;
}

export interface ToolkitFiles {
  /** `~/.docker/mcp` */
  folder: string;
  /** Docker's own configuration, with the feature flags. */
  dockerConfig: string;
  /** Which catalogs there are. */
  catalogList: string;
  /** Folder of catalogs, one YAML file each. */
  catalogs: string;
  registry: string;
  config: string;
  tools: string;
  /** Folder of profiles, one YAML file each. */
  profiles: string;
  /** The toolkit's SQLite database; read, never written. */
  database: string;
  /** Secrets, for the user alone, where no credential helper keeps them. */
  secrets: string;
}

/**
 * The files of this user. With DOCKER_CONFIG they lie there, unless only `~/.docker/mcp` is there (Docker's own
 * gateway ignores DOCKER_CONFIG for them).
 */
export function toolkitFiles(env: Environment): ToolkitFiles {
  const home = homeFolder(env);
  const docker = env.get("DOCKER_CONFIG") || `${home}/.docker`;
  const folder = !isFolder(`${docker}/mcp`) && isFolder(`${home}/.docker/mcp`)
    ? `${home}/.docker/mcp`
    : `${docker}/mcp`;
  return {
    folder,
    dockerConfig: `${docker}/config.json`,
    catalogList: `${folder}/catalog.json`,
    catalogs: `${folder}/catalogs`,
    registry: `${folder}/registry.yaml`,
    config: `${folder}/config.yaml`,
    tools: `${folder}/tools.yaml`,
    profiles: `${folder}/profiles`,
    database: `${folder}/mcp-toolkit.db`,
    secrets: `${folder}/secrets.json`,
  };
}

/** Whether this is a gateway in a container: its image says so. */
export function inContainer(env: Environment): boolean {
  return env.get("DOCKER_MCP_IN_CONTAINER") === "1";
}

export function homeFolder(env: Environment): string {
  return env.get("HOME") || env.get("USERPROFILE") || "/";
}

/** A file as `--registry` and the like name it: bare names lie in the toolkit's folder, `./x` in the current one. */
export function resolveFile(files: ToolkitFiles, name: string, cwd: string): string {
  return absolutePath(name, /^\.\.?([/\\]|$)/.test(name) ? cwd : files.folder);
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
