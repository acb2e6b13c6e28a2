/** What making and running sandboxes needs of the world. */
import type { Docker } from "../docker/docker.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import type { Paths } from "../paths/paths.ts";
import type { Agent, AgentModel } from "./agents/agent.ts";
import type { McpAccess } from "./network/access.ts";
import type { SandboxSettings } from "./settings.ts";
import type { PullPolicy } from "./template/base_image.ts";
import type { ShowProgress } from "./template/progress.ts";
import type { Workspace } from "./workspace.ts";

export interface World {
  docker: Docker;
  paths: Paths;
  env: { get(name: string): string | undefined };
  /** A line for the user, on standard error. */
  say(line: string): void;
  /** Of pulls and builds. */
  progress?: ShowProgress;
}

/** The local model server, started and with the model loaded. */
export interface ModelParts {
  /** Unix socket of the server. */
  socket: string;
  /** All names that requests may carry. */
  names: string[];
  agent: Omit<AgentModel, "baseUrl">;
}

export interface McpParts {
  access: McpAccess;
  /** Bearer token; undefined when the gateway asks for none. */
  token?: string;
}

/** What a person asks for with `sandbox run`. */
export interface SandboxRequest {
  agent: Agent;
  workspace: Workspace;
  /** Given with --name. */
  name?: string;
  /** All settings, defaults included. */
  settings: SandboxSettings;
  /** Those that were given on the command line. */
  given: Partial<SandboxSettings>;
  /** Replace the sandbox when there is one. */
  recreate: boolean;
  pull: PullPolicy;
  /** Starts the server and loads the model; called when a sandbox with a model is made or entered. */
  openModel?(name: string): Promise<ModelParts>;
  openMcp?(where: string): Promise<McpParts>;
}

/** Unix socket of the Engine on this machine. Throws "unsupported" for an Engine elsewhere. */
export function engineSocket({ endpoint }: Docker): string | undefined {
  const { address } = endpoint;
  if (address.kind === "unix") return address.path;
  const local = address.kind === "npipe" ||
    (address.kind === "tcp" && /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/.test(address.hostname));
  if (local) return undefined;
  throw new SkiffError("unsupported", `The Docker Engine at ${endpoint.url} is on another machine`, {
    hint:
      "A sandbox mounts a folder of this machine, so it needs an Engine here (see DOCKER_HOST and contexts).",
  });
}
