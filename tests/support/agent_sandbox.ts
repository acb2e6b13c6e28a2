/**
 * An agent in a container as tests of agents need it: no network, a workspace, a credentials volume, and the
 * forwarder with one way to a model server. Sandboxes as users get them are tested in tests/e2e.
 */
import { createContainer, removeContainer, startContainer } from "../../core/docker/containers.ts";
import { createExec, inspectExec, startExec } from "../../core/docker/execs.ts";
import { demultiplex } from "../../core/docker/stdcopy.ts";
import { removeVolume } from "../../core/docker/volumes.ts";
import type { Agent, AgentContext, AgentModel } from "../../core/sandbox/agents/agent.ts";
import { writeAgentFiles } from "../../core/sandbox/agents/write_files.ts";
import { ensureForwarder, forwarderArch } from "../../core/sandbox/network/forwarder.ts";
import { type AgentPart, packagePaths } from "./agent_template.ts";

export interface AgentAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

export interface AgentSandbox {
  /** Name of the container. */
  name: string;
  /** The same path inside and outside. */
  workspace: string;
  context: AgentContext;
  /** Runs the agent with the user's arguments, without a terminal. */
  run(args: string[], environment?: Record<string, string>): Promise<AgentAnswer>;
  /** Runs any program as the agent's user. */
  exec(command: string[]): Promise<AgentAnswer>;
}

export interface SandboxOptions {
  /** "http://127.0.0.1:40123": where port 12434 inside leads. */
  server?: string;
  model?: Omit<AgentModel, "baseUrl">;
  mcp?: AgentContext["mcp"];
  interactive?: boolean;
  variables?: Record<string, string>;
}

const uid = 1000;
const home = "/home/agent";

export async function withAgentSandbox(
  { docker, template }: AgentPart,
  agent: Agent,
  options: SandboxOptions,
  work: (sandbox: AgentSandbox) => Promise<void>,
): Promise<void> {
  const name = `skiff-agent-${crypto.randomUUID().slice(0, 8)}`;
  const folder = await Deno.makeTempDir({ prefix: "skiff-agent-" });
  await Deno.chmod(folder, 0o755);
  const workspace = `${folder}/work space`;
  await Deno.mkdir(workspace);
  await Deno.chown(workspace, uid, uid);
  const relay = options.server ? relayTo(options.server, `${folder}/model.sock`) : undefined;
  try {
    await createContainer(docker, await containerBody(name, template.id, agent, folder, workspace, options));
    const context: AgentContext = {
      workspace,
      home,
      interactive: options.interactive ?? false,
      root: false,
      model: options.model && { ...options.model, baseUrl: "http://127.0.0.1:12434" },
      mcp: options.mcp,
      credentials: "sandbox",
      variables: options.variables,
    };
    await writeAgentFiles(docker, name, agent.files(context), { home, uid, gid: uid });
    await startContainer(docker, name);
    const exec = async (command: string[], environment: Record<string, string> = {}) => {
      const Env = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
      const config = { Cmd: command, Env, WorkingDir: workspace, AttachStdout: true, AttachStderr: true };
      const id = await createExec(docker, name, config);
      const stream = await startExec(docker, id);
      const output = { stdout: "", stderr: "" };
      const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
      for await (const piece of demultiplex(stream.readable as ReadableStream<Uint8Array<ArrayBuffer>>)) {
        output[piece.stream] += decoders[piece.stream].decode(piece.data, { stream: true });
      }
      return { code: (await inspectExec(docker, id)).ExitCode ?? -1, ...output };
    };
    const run = (args: string[], environment: Record<string, string> = {}) =>
      exec(agent.command(context, args), { ...agent.environment(context), ...environment });
    await work({ name, workspace, context, run, exec: (command) => exec(command) });
  } finally {
    await removeContainer(docker, name, { force: true, volumes: true }).catch(() => {});
    await removeVolume(docker, `${name}-data`).catch(() => {});
    relay?.close();
    await Deno.remove(folder, { recursive: true });
    docker.close();
  }
}

async function containerBody(
  name: string,
  image: string,
  agent: Agent,
  folder: string,
  workspace: string,
  { server, variables }: SandboxOptions,
) {
  const forwarder = await ensureForwarder(packagePaths, forwarderArch(Deno.build.arch));
  const bind = (Source: string, Target: string, ReadOnly: boolean) =>
    ({ Type: "bind", Source, Target, ReadOnly }) as const;
  const volume = {
    Type: "volume",
    Source: `${name}-data`,
    Target: `${home}/${agent.credentialsFolder}`,
  } as const;
  return {
    name,
    Image: image,
    User: `${uid}:${uid}`,
    Entrypoint: [],
    Cmd: ["/run/skiff-forwarder", "12434=/run/skiff/model.sock"],
    Env: Object.entries(variables ?? {}).map(([key, value]) => `${key}=${value}`),
    HostConfig: {
      Init: true,
      NetworkMode: "none",
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      PidsLimit: 512,
      Mounts: [
        bind(workspace, workspace, false),
        bind(forwarder, "/run/skiff-forwarder", true),
        ...(server ? [bind(folder, "/run/skiff", true)] : []),
        ...(agent.credentialsFolder ? [volume] : []),
      ],
    },
  };
}

/** A unix socket that everybody may use, carried to a TCP port. */
function relayTo(url: string, path: string): { close(): void } {
  const { hostname, port } = new URL(url);
  const listener = Deno.listen({ transport: "unix", path });
  Deno.chmodSync(path, 0o777);
  (async () => {
    for await (const inside of listener) carry(inside, hostname, Number(port)).catch(() => {});
  })();
  return { close: () => listener.close() };
}

async function carry(inside: Deno.Conn, hostname: string, port: number): Promise<void> {
  const outside = await Deno.connect({ hostname, port });
  await Promise.allSettled([
    inside.readable.pipeTo(outside.writable),
    outside.readable.pipeTo(inside.writable),
  ]);
}
