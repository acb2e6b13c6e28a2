/** Looks at what the Engine made before it is started: nothing may be weaker than it was asked to be. */
import { inspectContainer } from "../docker/containers.ts";
import type { Docker } from "../docker/docker.ts";
import type { ContainerInspect } from "../docker/types/container.ts";
import { SkiffError } from "../errors/skiff_error.ts";

/** Throws "forbidden" naming what is weaker. */
export async function assertIsolated(docker: Docker, id: string): Promise<void> {
  const faults = weaknesses(await inspectContainer(docker, id));
  if (faults.length === 0) return;
  throw new SkiffError(
    "forbidden",
    `The Engine made a weaker sandbox than was asked for: ${faults.join(", ")}`,
    {
      hint: "Look at the Engine's configuration (daemon.json), or use another Engine.",
    },
  );
}

/** What is weaker than a sandbox may be, in words. */
export function weaknesses({ HostConfig: host }: ContainerInspect): string[] {
  const faults: string[] = [];
  const check = (holds: boolean, fault: string) => void (holds || faults.push(fault));
  check(!host.Privileged, "it is privileged");
  check((host.CapDrop ?? []).some((name) => /^(cap_)?all$/i.test(name)), "capabilities are kept");
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
  check((host.PidsLimit ?? 0) > 0, "processes are not limited");
  check((host.Memory ?? 0) > 0, "memory is not limited");
  check((host.VolumesFrom ?? []).length === 0, "it has volumes of other containers");
  return faults;
}
