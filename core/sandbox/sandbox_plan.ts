/** All that is found out and decided before a sandbox's container is created. */
import type { TarFile } from "../archive/tar_writer.ts";
import type { Docker } from "../docker/docker.ts";
import type { Mount } from "../docker/types/host_config.ts";
import type { EngineInfo } from "../docker/types/system.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import { version } from "../version.ts";
import { type Account, accountFor } from "./account.ts";
import { injected } from "./agents/credentials.ts";
import { writeAgentFiles } from "./agents/write_files.ts";
import { checkClonable, cloneSource } from "./clone.ts";
import { defaultMemory, defaultPids, type SandboxPlan } from "./create_config.ts";
import { type Credentials, credentialsFor, secretValues } from "./credentials.ts";
import { engineFacts } from "./engine_facts.ts";
import { persistentFile } from "./entry_script.ts";
import { gitEnvironment, type GitFacts, readGit } from "./git.ts";
import { type ImageFacts, imageFacts } from "./image_facts.ts";
import type { AgentAccess, SandboxLabels } from "./labels.ts";
import { defaultName } from "./naming.ts";
import { type AccessRequest, type SandboxAccess, sandboxAccess } from "./network/access.ts";
import { ensureForwarder, forwarderArch } from "./network/forwarder.ts";
import { podmanSeccomp } from "./podman_seccomp.ts";
import { type Protection, protectWorkspace } from "./protection.ts";
import { provisionItems } from "./provision.ts";
import { chooseRuntime } from "./runtimes.ts";
import { agentContext, agentEnvironment } from "./session_context.ts";
import { policyOf, type VolumeSetting } from "./settings.ts";
import { ensureTemplate, type Template } from "./template/ensure.ts";
import { checkTargets } from "./volume_flag.ts";
import { checkVolumes } from "./workspace.ts";
import { engineSocket, type McpParts, type ModelParts, type SandboxRequest, type World } from "./world.ts";

/** What the world says. */
export interface PlanFacts {
  engine: EngineInfo;
  template: Template;
  image: ImageFacts;
  git: GitFacts;
  /** Host path. */
  forwarder: string;
  model?: ModelParts;
  mcp?: McpParts;
}

export interface PreparedPlan extends SandboxPlan {
  access: SandboxAccess;
  accessRequest: AccessRequest;
  secrets: Record<string, string>;
  /** Name of the volume of the agent's login. */
  credentialsVolume?: string;
  /** Files to put into the container before its start. */
  items: TarFile[];
  /** Writes the agent's own files into the created container. */
  writeFiles(container: string): Promise<void>;
}

const mcpTokenVariable = "MCP_GATEWAY_AUTH_TOKEN";

/** Asks the Engine, the host's Git, the registry, the model server, as far as possible at once. */
export async function lookUp(world: World, request: SandboxRequest): Promise<PlanFacts> {
  const { docker, paths, say } = world;
  const { agent, settings, workspace } = request;
  engineSocket(docker);
  checkTargets(settings.volumes, workspace.path);
  await checkVolumes(settings.volumes, workspace.uid, workspace.gid);
  if (settings.clone) await checkClonable(workspace.path, say);
  const asked = engineFacts(docker);
  const [engine, { template, image }, git, forwarder, model, mcp] = await Promise.all([
    asked,
    ensureTemplate(docker, agent, {
      image: settings.template,
      base: settings.base,
      pull: request.pull,
      paths,
      env: world.env,
      onProgress: world.progress,
    }).then(async (template) => ({
      template,
      image: await imageFacts(docker, paths, template.id),
    })),
    readGit(workspace.path),
    asked.then(({ Architecture }) => ensureForwarder(paths, forwarderArch(Architecture), { onNote: say })),
    settings.model === undefined ? undefined : request.openModel?.(settings.model),
    settings.mcp === undefined ? undefined : request.openMcp?.(settings.mcp),
  ]);
  for (const warning of await agent.warnings(workspace.path)) say(warning);
  return { engine, template, image, git, forwarder, model, mcp };
}

/** Decides. Makes nothing but the files that protect the workspace. */
export async function makePlan(
  world: World,
  request: SandboxRequest,
  facts: PlanFacts,
): Promise<PreparedPlan> {
  const { agent, workspace, settings } = request;
  const account = accountFor(ownerInside(workspace, facts.engine), facts.image);
  const volumes = settings.volumes.map((volume) => ({ ...volume, target: inHome(volume.target, account) }));
  for (const warning of await checkVolumes(volumes, account.uid, account.gid)) world.say(warning);
  const credentials = await credentialsFor(agent, settings, account.home, world.env);
  const protection = await protectionFor(request, facts.git);
  const accessRequest = await requestAccess(world, request, facts, { credentials, protection, account });
  const access = sandboxAccess(accessRequest);
  const runtime = chooseRuntime(settings.runtime, facts.engine, access.proxied);
  const labels: SandboxLabels = {
    workspace: workspace.path,
    agent: agent.name,
    name: request.name ?? defaultName(agent.name, workspace.path),
    template: facts.template.reference,
    settings,
    created: new Date().toISOString(),
    key: accessRequest.sandbox,
    uid: account.uid,
    gid: account.gid,
    home: account.home,
    access: agentAccess(facts, credentials, access),
    git: protection.git ?? "",
    version,
  };
  const context = agentContext(labels, true);
  const hostPaths = [
    workspace.path,
    ...[...volumes, ...bindTargets(credentials.mounts)].map(({ target }) => target),
  ];
  return {
    labels,
    image: facts.template.id,
    env: [
      sessionDefaults(account),
      gitEnvironment(facts.git),
      environmentOf(access.env),
      facts.mcp?.token ? { [mcpTokenVariable]: facts.mcp.token } : {},
      agentEnvironment(agent, context),
    ],
    workspaceMount: settings.clone
      ? { source: workspace.path, target: cloneSource, readOnly: true }
      : { source: workspace.path, target: workspace.path, readOnly: false },
    protected: protection.mounts,
    mounts: [...credentials.mounts, ...volumes.map(volumeMount), ...access.mounts],
    networkMode: access.networkMode,
    groups: access.groupAdd,
    command: access.command,
    extraLabels: access.labels,
    runtime: runtime.runtime,
    seccomp: world.docker.isPodman ? await podmanSeccomp(world.paths) : undefined,
    hostUsers: (facts.engine.SecurityOptions ?? []).some((option) => option.startsWith("name=userns")),
    memory: settings.memory ?? defaultMemory(facts.engine.MemTotal),
    cpus: settings.cpus,
    pids: settings.pids ?? defaultPids,
    access,
    accessRequest,
    secrets: secretValues(credentials.injected),
    credentialsVolume: credentials.mounts.find(({ Type }) => Type === "volume")?.Source,
    items: provisionItems({
      account,
      facts: facts.image,
      credentialsFolder: credentials.mounts.length > 0 ? agent.credentialsFolder : undefined,
      targets: volumes.map(({ target }) => target),
      hostPaths: settings.clone ? hostPaths.slice(1) : hostPaths,
      workspace: settings.clone ? workspace.path : undefined,
      links: access.links,
    }),
    writeFiles: (container) => writeAgentFiles(world.docker, container, agent.files(context), account),
  };
}

/** In an Engine that runs as the user (rootless), the user's files are root's inside. */
export function ownerInside(
  { uid, gid }: { uid: number; gid: number },
  { SecurityOptions }: Pick<EngineInfo, "SecurityOptions">,
  self: number | null = Deno.uid(),
): { uid: number; gid: number } {
  const rootless = (SecurityOptions ?? []).some((option) => option.startsWith("name=rootless"));
  return rootless && uid === self ? { uid: 0, gid: 0 } : { uid, gid };
}

async function protectionFor(
  { settings, workspace }: SandboxRequest,
  git: GitFacts,
): Promise<{ mounts: Protection["mounts"]; git?: Protection["git"] }> {
  if (settings.allowGit || settings.clone) return { mounts: [] };
  return await protectWorkspace(workspace.path, git.sensitive, workspace);
}

interface AccessParts {
  credentials: Credentials;
  protection: { mounts: Protection["mounts"] };
  account: Account;
}

async function requestAccess(
  { docker, paths }: World,
  { agent, workspace, settings }: SandboxRequest,
  { forwarder, model, mcp }: PlanFacts,
  { credentials, protection, account }: AccessParts,
): Promise<AccessRequest> {
  return {
    sandbox: crypto.randomUUID().replaceAll("-", "").slice(0, 12),
    policy: policyOf(settings, settings.model === undefined ? agent.hosts : []),
    paths,
    forwarder,
    model: model && { names: model.names, socket: model.socket },
    mcp: mcp?.access,
    credentials: credentials.injected.map(({ rule }) => rule),
    docker: settings.dockerSocket === "none" ? undefined : {
      kind: settings.dockerSocket,
      ...await dockerSocket(docker),
      workspace: settings.clone ? undefined : workspace.path,
      protected: protection.mounts,
      user: `${account.uid}:${account.gid}`,
    },
  };
}

/** Throws "unsupported" where the Engine listens on something that cannot be mounted. */
async function dockerSocket(docker: Docker): Promise<{ socket: string; gid?: number }> {
  const socket = engineSocket(docker);
  if (socket === undefined) {
    throw new SkiffError("unsupported", `The Engine at ${docker.endpoint.url} has no socket file to mount`, {
      hint: "Leave out --mount-docker-socket, or use an Engine that listens on a unix socket.",
    });
  }
  return { socket, gid: (await Deno.stat(socket)).gid ?? undefined };
}

function agentAccess(
  { model, mcp }: PlanFacts,
  credentials: Credentials,
  { endpoints }: SandboxAccess,
): AgentAccess {
  const access: AgentAccess = {};
  if (model && endpoints.model) access.model = { ...model.agent, baseUrl: endpoints.model };
  if (mcp && endpoints.mcp) access.mcp = { url: endpoints.mcp, tokenVariable: mcpTokenVariable };
  const given = injected(credentials.injected, endpoints.credentials);
  if (given.length > 0) access.injection = given;
  return access;
}

function inHome(target: string, { home }: Account): string {
  return target === "~" || target.startsWith("~/") ? home + target.slice(1) : target;
}

function volumeMount({ type, source, target, readOnly }: VolumeSetting): Mount {
  return { Type: type, Source: source, Target: target, ReadOnly: readOnly };
}

function bindTargets(mounts: Mount[]): { target: string }[] {
  return mounts.filter(({ Type }) => Type === "bind").map(({ Target }) => ({ target: Target }));
}

function sessionDefaults({ home }: Account): Record<string, string> {
  return { HOME: home, BASH_ENV: persistentFile, ENV: persistentFile, SANDBOX: "skiff" };
}

function environmentOf(lines: string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  }));
}
