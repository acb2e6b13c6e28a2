/** What a sandbox is and what stands between it and this machine, told honestly. */
import { inspectContainer } from "../docker/containers.ts";
import type { ContainerInspect } from "../docker/types/container.ts";
import type { EngineInfo } from "../docker/types/system.ts";
import { missingLimits, weaknesses } from "./assert_isolated.ts";
import { engineFacts } from "./engine_facts.ts";
import { readPolicy } from "./network/records.ts";
import { boundaryOf } from "./runtimes.ts";
import type { Sandbox } from "./sandbox.ts";
import { liveSessions } from "./session_record.ts";
import { replacedSinceStart } from "./start_record.ts";
import type { World } from "./world.ts";

/** The value that `inspect` prints. */
export async function describeSandbox(world: World, sandbox: Sandbox): Promise<Record<string, unknown>> {
  const { docker, paths } = world;
  const [container, engine, policy, sessions, replaced] = await Promise.all([
    inspectContainer(docker, sandbox.id),
    engineFacts(docker),
    readPolicy(paths, sandbox.key).catch(() => undefined),
    liveSessions(paths, sandbox.key),
    replacedSinceStart(paths, sandbox.key),
  ]);
  const { id, name, agent, workspace, template, settings, created } = sandbox;
  return {
    id,
    name,
    agent,
    workspace,
    template,
    image: container.Image,
    created_at: created,
    state: container.State.Status,
    status: sandbox.status,
    user: { uid: sandbox.uid, gid: sandbox.gid, home: sandbox.home },
    env: container.Config.Env ?? [],
    volumes: container.Mounts.map(({ Type, Name, Source, Destination, RW }) => ({
      type: Type,
      source: Name ?? Source,
      target: Destination,
      read_only: !RW,
    })),
    credentials: settings.credentials,
    model: sandbox.access.model?.name ?? null,
    settings,
    sessions: sessions.map(({ pid }) => pid),
    boundary: boundary(sandbox, container, {
      engine,
      policy,
      replaced,
    }),
    labels: container.Config.Labels ?? {},
  };
}

interface BoundaryFacts {
  engine: EngineInfo;
  policy: unknown;
  replaced: string[];
}

/** What holds the agent in, and what does not. */
function boundary(
  { settings, git, access, uid }: Sandbox,
  container: ContainerInspect,
  { engine, policy, replaced }: BoundaryFacts,
): Record<string, unknown> {
  const { HostConfig: host, Mounts: mounts } = container;
  const security = engine.SecurityOptions ?? [];
  const runtime = host.Runtime || engine.DefaultRuntime;
  const kind = boundaryOf(runtime);
  const readOnly = mounts.filter(({ RW, Type, Source, Destination }) =>
    !RW && Type === "bind" && Source === Destination
  );
  return {
    kind,
    runtime,
    shares_host_kernel: kind === "shared kernel",
    rootless_engine: security.some((option) => option.startsWith("name=rootless")),
    capabilities: weaknesses(container, engine).some((fault) => fault.includes("capabilities"))
      ? "some"
      : "none",
    no_new_privileges: true,
    seccomp: security.find((option) => option.startsWith("name=seccomp"))?.replace("name=seccomp,", "") ??
      "none",
    runs_as_root: uid === 0,
    limits: {
      // A rootless Engine without control groups keeps the number and does nothing with it.
      memory: engine.MemoryLimit === false ? null : host.Memory,
      processors: host.NanoCpus ? host.NanoCpus / 1e9 : null,
      processes: engine.PidsLimit === false ? null : host.PidsLimit,
    },
    network: host.NetworkMode === "none"
      ? { inside: "none", way_out: settings.network === "allow-list" ? "proxy" : "none", policy }
      : { inside: host.NetworkMode, way_out: "unfiltered, with this machine's own services", policy },
    docker: settings.dockerSocket,
    workspace: settings.clone ? "private clone" : "read and write",
    read_only_in_workspace: readOnly.map(({ Destination }) => Destination),
    git_protected: git !== "",
    protection_lost: replaced,
    credentials_inside: access.injection ? "placeholders" : settings.credentials,
    weaknesses: [...weaknesses(container, engine), ...missingLimits(engine)],
  };
}
