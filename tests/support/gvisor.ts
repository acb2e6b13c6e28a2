/** Debian's gVisor as a runtime of an Engine of the tests' own. */
import { debianPackages } from "./apt.ts";
import { type OwnDocker, ownDocker } from "./docker.ts";

/**
 * `sockets`: containers may connect to sockets of the host. They get no network but loopback, since this gVisor
 * (2022) takes the network namespaces of new kernels for the machine's own and refuses them.
 */
export async function gvisorDocker({ sockets }: { sockets: boolean }): Promise<OwnDocker> {
  await debianPackages("runsc");
  const runtimeArgs = ["--network=none", ...(sockets ? ["--host-uds=open"] : [])];
  const file = await Deno.makeTempFile({ prefix: "skiff-gvisor-", suffix: ".json" });
  await Deno.writeTextFile(
    file,
    JSON.stringify({ runtimes: { runsc: { path: "/usr/bin/runsc", runtimeArgs } } }),
  );
  const engine = await ownDocker({ args: [`--config-file=${file}`] });
  const dispose = engine[Symbol.asyncDispose];
  return {
    ...engine,
    async [Symbol.asyncDispose]() {
      await dispose();
      await Deno.remove(file);
    },
  };
}
