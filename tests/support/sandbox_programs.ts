/** What runs in a sandbox. */
import { containerTop } from "../../core/docker/containers.ts";
import type { Docker } from "../../core/docker/docker.ts";

/** Command lines of the programs in it, its keep-alive left out. */
export async function programsIn(docker: Docker, id: string): Promise<string[]> {
  const { Processes } = await containerTop(docker, id, { args: "-eo pid,args" });
  return Processes.map((row) => row.at(-1)!).filter((line) => !/skiff-forwarder|docker-init/.test(line));
}
