/** What is known of an MCP client: where its configuration lies, and how a server is written there. */

export type ClientOs = "linux" | "darwin" | "windows";

/** The command that a client starts. */
export interface GatewayCommand {
  command: string;
  args: string[];
  env?: Record<string, string>;
}

/** How a file names a server. The last key is the server's name. */
export type EntryFormat =
  | { kind: "json"; at: string[]; shape: EntryShape }
  /** YAML mapping, keyed by the name in lower case and alphanumerics. */
  | { kind: "yaml-map"; at: string[]; shape: EntryShape }
  /** YAML list of mappings that have a `name`. */
  | { kind: "yaml-list"; at: string[]; shape: EntryShape }
  | { kind: "toml"; at: string[]; shape: EntryShape };

export interface EntryShape {
  write(name: string, command: GatewayCommand): Record<string, unknown>;
  /** The command of an entry; undefined when it starts none (a remote server). */
  read(entry: Record<string, unknown>): GatewayCommand | undefined;
}

export interface McpClient {
  /** As on the command line. */
  name: string;
  displayName: string;
  /** Where a person gets it. */
  source: string;
  format: EntryFormat;
  /**
   * Files of the user's scope. Where a variable that moves them is set, no other counts; of the rest the first that
   * is there, else the first whose folder is, else the first whose variables are set that has no ? before it.
   */
  global: Record<ClientOs, string[]>;
  /** What its file must hold beside the servers; a new one begins with it. */
  blank?: string;
  /** An older file in the same folder, which it no longer reads once there is this one. */
  hides?: string;
  /** Of the project's scope, relative to its folder. */
  project?: { file: string; format: EntryFormat };
  /** Folders and files that tell that it is installed. */
  traces: string[];
  /** A program on PATH that tells the same. */
  program?: string;
}
