/** The forwarder for this machine, built with the project's own compiler and kept with the other parts. */
import { skiffPaths } from "../../core/paths/paths.ts";
import { ensureForwarder, type ForwarderArch } from "../../core/sandbox/network/forwarder.ts";
import { withLock } from "./lock.ts";
import { partsFolder } from "./parts.ts";

/** Path of the program. Throws where there is no Linux or the compiler cannot be had. */
export async function testForwarder(arch: ForwarderArch = hostArch()): Promise<string> {
  const paths = { ...skiffPaths(), cache: `${partsFolder}/cache` };
  return await withLock("forwarder", () => ensureForwarder(paths, arch));
}

function hostArch(): ForwarderArch {
  if (Deno.build.os !== "linux") throw new Error("the forwarder runs on Linux only");
  return Deno.build.arch;
}
