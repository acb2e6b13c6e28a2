/** What an Engine is and can, of `GET /info`, with what Podman leaves out or does not have put right. */
import type { Docker } from "../docker/docker.ts";
import { info } from "../docker/system.ts";
import type { EngineInfo } from "../docker/types/system.ts";
import { installedRuntimes } from "./runtimes.ts";

export async function engineFacts(docker: Docker): Promise<EngineInfo> {
  const engine = await info(docker);
  if (!docker.isPodman) return engine;
  return { ...podmanFacts(engine), Runtimes: await installedRuntimes(engine) };
}

/**
 * Podman tells in a field of its own that it runs as a user, and says that it limits where it leaves limits out:
 * as a user with control groups of version 1.
 */
export function podmanFacts(engine: EngineInfo & { Rootless?: boolean }): EngineInfo {
  if (!engine.Rootless) return engine;
  const cannotLimit = engine.CgroupVersion === "1";
  return {
    ...engine,
    SecurityOptions: [...(engine.SecurityOptions ?? []), "name=rootless"],
    ...(cannotLimit ? { MemoryLimit: false, PidsLimit: false, CpuCfsQuota: false } : {}),
  };
}
