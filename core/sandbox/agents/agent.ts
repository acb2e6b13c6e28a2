/**
 * What skiff knows about a coding agent. An agent is plain data and pure functions in a file of its own beside
 * this one; whoever creates and runs sandboxes asks these and nothing else.
 */

/** Where the agent's login comes from: a volume that all its sandboxes share, this machine's user, nowhere. */
export type CredentialsMode = "sandbox" | "host" | "none";

/** Facts of one run, from which environment, command and files follow. All paths are inside the sandbox. */
export interface AgentContext {
  /** The mounted folder, at the same absolute path as on the host; the working directory. */
  workspace: string;
  /** Home of the user that the agent runs as. */
  home: string;
  /** Whether a terminal is attached. */
  interactive: boolean;
  /** Whether the agent runs as uid 0 (rootless Engine, a folder of root's). */
  root: boolean;
  /** The local model that answers instead of the vendor's service. */
  model?: AgentModel;
  /** The MCP gateway: streamable HTTP at `url`, bearer token in the variable `tokenVariable`. */
  mcp?: { url: string; tokenVariable: string };
  credentials: CredentialsMode;
  /** Variables that the user gave with -e. */
  variables?: Record<string, string>;
  /** Credentials that are added to requests outside of the sandbox; it holds placeholders only. */
  injection?: InjectedCredential[];
}

export interface AgentModel {
  /** As the server knows it, e.g. "ai/smollm2". */
  name: string;
  /** The server as the sandbox reaches it, without a path and without a slash at the end: "http://127.0.0.1:12434". */
  baseUrl: string;
  /** Tokens of context that the server gives it. */
  contextTokens: number;
  /** Weights in parameters, when known: small models get shorter prompts and fewer tools. */
  parameters?: number;
}

/**
 * A file in the agent's home. "keys" are merged into what is there (what the user set stays, unless `force`);
 * "text" is skiff's own and is written anew.
 */
export type AgentFile =
  | { path: string; format: "json"; keys: Record<string, unknown>; force?: boolean }
  | { path: string; format: "text"; text: string; mode?: number };

/** A service that takes credentials, and where the user's own are on this machine. */
export interface CredentialService {
  /** Name in the policy, the log and the endpoint: "anthropic". */
  provider: string;
  /** Where requests go: "https://api.anthropic.com". */
  upstream: string;
  /** In this order; the first that is there is used. */
  sources: CredentialSource[];
}

export interface CredentialSource {
  /** An environment variable of the user … */
  variable?: string;
  /** … or a JSON file in the user's home, and the path of keys to a string in it. */
  file?: { path: string; keys: string[] };
  /** Header that carries the secret, lower case, and its value with `{secret}` in it. */
  header: string;
  format: string;
  /** The variable that holds the placeholder inside, so that the agent finds itself logged in. */
  placeholder: string;
}

/** A credential as the agent sees it. */
export interface InjectedCredential {
  provider: string;
  /** Where the sandbox reaches the service, without a slash at the end. */
  baseUrl: string;
  /** The variable that gets the placeholder. */
  placeholder: string;
}

/** How the agent's native program is got for a template. */
export interface AgentRecipe {
  /** npm packages whose files go into the image; versions and digests are in packages.ts. */
  packages: RecipePackage[];
  /** Programs of the base that the agent calls. Missing ones are an error when `required`, else a warning. */
  tools: { name: string; required: boolean }[];
  /** Symbolic links to make, path -> target. */
  links?: Record<string, string>;
  /** Written executable files, path -> text. */
  scripts?: Record<string, string>;
}

export interface RecipePackage {
  /** Key of packages.ts. */
  name: string;
  /** Folder or file inside the tarball (after "package/", {arch} = x64|arm64, {triple} = Rust's) -> path in the image. */
  files: Record<string, string>;
  /** Paths inside the tarball that are left out. */
  leaveOut?: string[];
}

/** Login files and variables that `--credentials host` takes from this machine. */
export interface HostCredentials {
  /** Environment variables of the user, passed on when set. */
  variables: string[];
  /**
   * Files below the user's home -> path below the agent's home, mounted so that a renewed login is kept. Single
   * files: in a whole folder the agent could write hooks that run on the host.
   */
  files: Record<string, string>;
}

export interface Agent {
  /** Word on the command line: "claude". */
  name: string;
  /** As its maker calls it: "Claude Code". */
  title: string;
  /** Program that must be in the sandbox. */
  binary: string;
  /** Published image. */
  template: string;
  /** Name of the volume that keeps the login; undefined when the agent has none. */
  credentialsVolume?: string;
  /** Where that volume is mounted, below the home: ".claude". */
  credentialsFolder?: string;
  hostCredentials: HostCredentials;
  credentials: CredentialService[];
  /** Hosts that the agent needs for its own service, for the allow-list: "api.anthropic.com". */
  hosts: string[];
  recipe: AgentRecipe;
  /** Variables of the agent's process. Throws "unsupported" when the agent cannot use a local model. */
  environment(context: AgentContext): Record<string, string>;
  /** The whole argument vector: program, presets, then the user's own arguments, which win. */
  command(context: AgentContext, args: string[]): string[];
  /** Files to have in the home before the agent starts (`writeAgentFiles`). */
  files(context: AgentContext): AgentFile[];
  /** What the user should know about this workspace (a path on the host) before the agent starts. */
  warnings(workspace: string): Promise<string[]>;
}
