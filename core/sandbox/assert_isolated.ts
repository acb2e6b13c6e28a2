/** Looks at what the Engine made before it is started: nothing may be weaker than it was asked to be. */
import { inspectContainer } from "../docker/containers.ts";
import type { Docker } from "../docker/docker.ts";
import type { ContainerInspect } from "../docker/types/container.ts";
import type { EngineInfo } from "../docker/types/system.ts";
import { SkiffError } from "../errors/skiff_error.ts";

/** What an Engine can limit, of `GET /info`; undefined where it does not tell. */
export type EngineLimits = Partial<Pick<EngineInfo, "MemoryLimit" | "PidsLimit">>;

/** Throws "forbidden" naming what is weaker; limits that the Engine cannot set at all are no fault of the sandbox. */
export async function assertIsolated(docker: Docker, id: string, engine: EngineLimits): Promise<void> {
  const faults = weaknesses(await inspectContainer(docker, id), engine);
  if (faults.length === 0) return;
  throw new SkiffError(
    "forbidden",
    `The Engine made a weaker sandbox than was asked for: ${faults.join(", ")}`,
    {
      hint: "Look at the Engine's configuration (daemon.json), or use another Engine.",
    },
  );
}

/** What of the limits this Engine cannot set, a line each: rootless Engines need control groups of version 2. */
export function missingLimits({ MemoryLimit, PidsLimit }: EngineLimits): string[] {
  const missing = [
    ...(MemoryLimit === false ? ["memory"] : []),
    ...(PidsLimit === false ? ["processes"] : []),
  ];
  if (missing.length === 0) return [];
  return [
    `This Engine cannot limit ${missing.join(" and ")}: a program in the sandbox may use up what this ` +
    "machine has. (A rootless Engine can, with control groups of version 2 delegated to its user.)",
  ];
}

/** What is weaker than a sandbox may be, in words. */
export function weaknesses({ HostConfig: host }: ContainerInspect, engine: EngineLimits = {}): string[] {
  const faults: string[] = [];
  const check = (holds: boolean, fault: string) => void (holds || faults.push(fault));
  check(!host.Privileged, "it is privileged");
  check(dropsAll(host.CapDrop ?? []), "capabilities are kept");
  check((host.CapAdd ?? []).length === 0, "capabilities are added");
  check(
    (host.SecurityOpt ?? []).some((option) => /^no-new-privileges(?::true|=true)?$/.test(option)),
    "new privileges can be gained",
  );
  check(
    !(host.SecurityOpt ?? []).some((option) => /unconfined|label[:=]disable/.test(option)),
    "a profile is off",
  );
  for (const [name, mode] of Object.entries({ PID: host.PidMode, IPC: host.IpcMode, UTS: host.UTSMode })) {
    check(mode !== "host" && !mode?.startsWith("container:"), `it shares the ${name} namespace`);
  }
  check(host.NetworkMode !== "host" && !host.NetworkMode?.startsWith("container:"), "it shares a network");
  check((host.Devices ?? []).length === 0, "it has devices");
  check((host.PidsLimit ?? 0) > 0 || engine.PidsLimit === false, "processes are not limited");
  check((host.Memory ?? 0) > 0 || engine.MemoryLimit === false, "memory is not limited");
  check((host.VolumesFrom ?? []).length === 0, "it has volumes of other containers");
  return faults;
}

/** What a container has of its own (OCI runtime tools' default, which Docker's is as well). */
const ordinary =
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID " +
  "SETPCAP SETUID SYS_CHROOT";

/** Podman does not repeat "ALL" but tells each that an ordinary container has and this one does not. */
function dropsAll(dropped: string[]): boolean {
  const names = new Set(dropped.map((name) => name.toUpperCase().replace(/^CAP_/, "")));
  return names.has("ALL") || ordinary.split(" ").every((name) => names.has(name));
}
